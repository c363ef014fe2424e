/** The entropy target and the ledger in whole runs of a tiny model, through the engine's thread: build first. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { StepMetrics, TrainEvent } from '../../src/train/events.js'
import { tinySetUp } from './tiny-model.js'

const { root, model, task } = tinySetUp('control-')

let count = 0
const fresh = () => join(root, `run-${count++}`)

async function run(changes: Partial<RecipeInput>, options: TrainOptions = {}, runDirectory = fresh()) {
  const recipe = parseRecipe({
    name: 'tiny',
    model,
    threads: 1,
    task: { name: task },
    rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 12 },
    checkpoint: { every: 2 },
    ...changes,
  })
  const summary = await train(recipe, { runDirectory, ...options })
  const lines = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
  return { runDirectory, summary, metrics: lines.map((line): StepMetrics => JSON.parse(line)) }
}

/** What a run repeats: all but the clock and the memory. */
const repeatable = (metrics: StepMetrics[]) =>
  metrics.map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
  )
const weights = (directory: string, step: number) =>
  readFileSync(join(directory, 'checkpoints', `step-00000${step}`, 'model', 'model.safetensors'))

describe('a run at an entropy target', () => {
  it('resumes bit for bit where it was killed, with the controller’s state', async () => {
    const changes: Partial<RecipeInput> = {
      entropy: { method: 'clip-v', target: { from: 3.9, to: 3.5, steps: 4 } },
      ledger: { every: 1 },
      train: { steps: 4, lr: 1e-2, updatesPerBatch: 2 },
    }
    const whole = await run(changes)
    const cut = fresh()
    const onEvent = (event: TrainEvent) => {
      if (event.type === 'phase' && event.step === 4 && event.phase === 'train') throw new Error('killed')
    }
    await expect(run(changes, { onEvent }, cut)).rejects.toThrow('killed')
    const state = JSON.parse(readFileSync(join(cut, 'checkpoints/step-000002/state.json'), 'utf8'))
    expect(state.loop.entropy.setpoint).toMatchObject({ updates: 4 })
    const resumed = await run(changes, { resume: true }, cut)
    expect(repeatable(resumed.metrics)).toEqual(repeatable(whole.metrics))
    expect(weights(cut, 4).equals(weights(whole.runDirectory, 4))).toBe(true)
    const targets = whole.metrics.map(({ entropy_target }) => entropy_target as number)
    expect(targets[0]).toBeCloseTo(3.9, 12)
    expect(targets[3]).toBeCloseTo(3.5, 12)
  })

  it('keeps the entropy that it starts from, where the run without a target loses it', async () => {
    const changes = {
      train: { steps: 12, lr: 1e-2 },
      rollout: { promptsPerStep: 4, samplesPerPrompt: 8, maxNewTokens: 8 },
    }
    const free = await run(changes)
    const target = free.metrics[0].entropy_nats
    const held = await run({ ...changes, entropy: { method: 'clip-v', target } })
    const gap = ({ metrics }: typeof free) => Math.abs(metrics.at(-1)!.entropy_nats - target)
    expect(gap(free)).toBeGreaterThan(0.2)
    expect(gap(held)).toBeLessThan(gap(free) / 2)
    expect(held.metrics.some(({ masked_fraction }) => (masked_fraction as number) > 0)).toBe(true)
  })
})

describe('a run with a ledger', () => {
  it('trains the same, to the bit, and has rows that sum to the exact prediction', async () => {
    const changes: Partial<RecipeInput> = {
      entropy: { method: 'clip-b', muLow: 1, muHigh: 1 },
      train: { steps: 4, lr: 1e-3, weightDecay: 0.1 },
      algorithm: { klCoef: 0.05 },
    }
    const plain = await run(changes)
    const kept = await run({ ...changes, ledger: { every: 2 } })
    expect(weights(kept.runDirectory, 4).equals(weights(plain.runDirectory, 4))).toBe(true)
    const rows = (line: StepMetrics) => Object.entries(line).filter(([name]) => name.startsWith('ledger_'))
    expect(kept.metrics.map((line) => rows(line).length > 0)).toEqual([false, true, false, true])
    for (const line of kept.metrics) {
      if (rows(line).length === 0) continue
      const [exact, measured] = [line.ledger_pred_dH_exact as number, line.ledger_measured_dH as number]
      const taken = rows(line).filter(([name]) => !/ledger_(pred|measured|masked)/.test(name))
      expect(taken.reduce((sum, [, value]) => sum + (value as number), 0)).toBeCloseTo(exact, 9)
      const size = Math.max(...taken.map(([, value]) => Math.abs(value as number)))
      expect(Math.abs(line.ledger_remainder as number)).toBeLessThan(0.02 * size)
      expect(Math.sign(measured)).toBe(Math.sign(exact))
      expect(Math.abs(measured - exact)).toBeLessThan(0.3 * Math.abs(exact))
      expect(line.ledger_pred_dH_logit).toBeCloseTo(line.pred_dH_kept!, 9)
      expect(line).toHaveProperty('ledger_masked_positive_above')
    }
  })
})
