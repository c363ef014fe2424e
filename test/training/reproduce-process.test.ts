/** A training run in a process of its own, of a tiny model; the process loads the compiled files: build first. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import type { Recipe } from '../../src/recipe/schema.js'
import { trainInProcess } from '../../src/run/reproduce/process.js'
import { writeLetterTask, writeTinyModel } from './tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'process-'))
afterAll(() => rmSync(root, { recursive: true }))
let recipe: Recipe
beforeAll(() => {
  recipe = parseRecipe({
    model: writeTinyModel(join(root, 'tiny')),
    threads: 1,
    task: { name: writeLetterTask(join(root, 'letters.mjs')) },
    rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 12 },
    // Bounds that JSON could not carry to the process.
    algorithm: { clipHigh: Infinity },
    train: { steps: 6, lr: 1e-2 },
    checkpoint: { every: 2 },
  })
})

/** What a run measured, without times. */
const measured = (directory: string) =>
  readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { step, reward_mean, entropy_nats, loss, grad_norm } = JSON.parse(line)
      return { step, reward_mean, entropy_nats, loss, grad_norm }
    })

describe('trainInProcess', () => {
  it('stops on the signal with a checkpoint, and the next call ends as if it had not', async () => {
    const whole = join(root, 'whole')
    expect(await trainInProcess({ recipe, directory: whole }, {})).toEqual({ interrupted: false })
    const directory = join(root, 'stopped')
    const stop = new AbortController()
    const outcome = await trainInProcess(
      { recipe, directory },
      { signal: stop.signal, onStep: (step) => step >= 3 && stop.abort() },
    )
    expect(outcome).toEqual({ interrupted: true })
    expect(measured(directory).length).toBeLessThan(6)
    const steps: number[] = []
    await trainInProcess({ recipe, directory }, { onStep: (step) => steps.push(step) })
    expect(steps[0]).toBeGreaterThanOrEqual(3)
    expect(measured(directory)).toEqual(measured(whole))
  })

  it('passes on why a run cannot be made', async () => {
    const wrong = { ...recipe, model: join(root, 'nowhere') }
    await expect(trainInProcess({ recipe: wrong, directory: join(root, 'wrong') }, {})).rejects.toThrow('nowhere')
  })

  it('tells of a process that died', async () => {
    const deadly = join(root, 'deadly.mjs')
    writeFileSync(deadly, "process.stderr.write('out of luck\\n'); process.exit(7)\n")
    const dying = { ...recipe, task: { name: deadly } }
    await expect(trainInProcess({ recipe: dying, directory: join(root, 'dead') }, {})).rejects.toThrow(
      /exit code 7\): out of luck/,
    )
  })
})
