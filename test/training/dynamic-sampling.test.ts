/** Dynamic sampling in whole runs of a tiny model, in the engine's thread, which loads the compiled files: build first. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { GradedCompletion, StepMetrics } from '../../src/train/events.js'
import { writeTinyModel } from './tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'dynamic-'))
afterAll(() => rmSync(root, { recursive: true }))
let model: string
/** Rewards 0 or 1, about as often: half of the groups of two have no signal. */
const task = join(root, 'parity.mjs')
beforeAll(() => {
  model = writeTinyModel(join(root, 'tiny'))
  writeFileSync(
    task,
    `export default {
  name: 'parity',
  prompts: () => Array.from({ length: 200 }, (_, i) => ({ id: 'p' + i, prompt: 'What is ' + i + '?' })),
  grade: (text) => text.length % 2,
}
`,
  )
})

const steps = 4
const recipe = (maxTries: number) =>
  parseRecipe({
    name: 'dynamic',
    model,
    threads: 1,
    task: { name: task },
    rollout: { promptsPerStep: 4, samplesPerPrompt: 2, maxNewTokens: 8, dynamicSampling: { maxTries } },
    train: { steps, lr: 1e-2 },
    checkpoint: { every: 2 },
  })

async function run(maxTries: number, runDirectory: string, options: TrainOptions = {}) {
  const rollouts: GradedCompletion[][] = []
  await train(recipe(maxTries), {
    runDirectory,
    ...options,
    onEvent(event) {
      if (event.type === 'step') rollouts.push(event.rollouts)
      options.onEvent?.(event)
    },
  })
  const lines = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
  return { rollouts, metrics: lines.map((line) => JSON.parse(line) as StepMetrics) }
}

const weights = (directory: string) =>
  readFileSync(join(directory, 'checkpoints', `step-00000${steps}`, 'model', 'model.safetensors'))
const repeatable = (metrics: StepMetrics[]) =>
  metrics.map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
  )

describe('dynamic sampling', () => {
  it('fills steps with groups that have a signal, accounts for the others, and resumes bit for bit', async () => {
    const whole = await run(8, join(root, 'whole'))
    expect(whole.metrics.some(({ resample_tries }) => Number(resample_tries) > 0)).toBe(true)
    whole.metrics.forEach((metrics, i) => {
      expect(metrics.zero_signal_fraction).toBe(0)
      expect(Number(metrics.sampled_tokens) - Number(metrics.sampled_tokens_discarded)).toBe(metrics.completion_tokens)
      expect(new Set(whole.rollouts[i]!.map(({ promptId }) => promptId)).size).toBe(4)
    })
    // No problem of the epoch is met twice, whether it was trained on or not.
    const trained = whole.rollouts.flat().map(({ promptId }) => promptId)
    expect(new Set(trained).size).toBe(4 * steps)

    const cut = join(root, 'cut')
    const onEvent: TrainOptions['onEvent'] = (event) => {
      if (event.type === 'phase' && event.step === steps && event.phase === 'train') throw new Error('killed')
    }
    await expect(run(8, cut, { onEvent })).rejects.toThrow('killed')
    const resumed = await run(8, cut, { resume: true })
    expect(repeatable(resumed.metrics)).toEqual(repeatable(whole.metrics))
    expect(weights(cut).equals(weights(join(root, 'whole')))).toBe(true)
  })
})
