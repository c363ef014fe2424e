/** Entropy methods in whole runs of a tiny model, and the atlas of such a run. The engine's thread loads compiled files. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import { methodAtlas } from '../../src/report/atlas/atlas.js'
import { readRolloutRows } from '../../src/run/store/rollout-rows.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { StepMetrics, TrainEvent } from '../../src/train/events.js'
import { writeLetterTask, writeTinyModel } from './tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'methods-'))
afterAll(() => rmSync(root, { recursive: true }))
let model: string
let task: string
beforeAll(() => {
  model = writeTinyModel(join(root, 'tiny'))
  task = writeLetterTask(join(root, 'letters.mjs'))
})

type Sections = Pick<RecipeInput, 'algorithm' | 'entropy' | 'train' | 'checkpoint'>

let count = 0

async function run(sections: Sections, options: TrainOptions = {}, runDirectory = join(root, `run-${count++}`)) {
  const recipe = parseRecipe({
    name: 'tiny',
    model,
    threads: 1,
    task: { name: task },
    rollout: { promptsPerStep: 3, samplesPerPrompt: 4, maxNewTokens: 10 },
    algorithm: { ...sections.algorithm },
    entropy: { ...sections.entropy },
    train: { steps: 2, lr: 3e-2, ...sections.train },
    checkpoint: { every: 2, ...sections.checkpoint },
  })
  await train(recipe, { runDirectory, ...options })
  const metrics = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as StepMetrics)
  return { runDirectory, metrics, repeatable: metrics.map(withoutClock) }
}

const withoutClock = (metrics: StepMetrics) =>
  Object.fromEntries(Object.entries(metrics).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key)))

describe('the adaptive entropy bonus', () => {
  it('resumes bit for bit, its coefficient with it', async () => {
    const sections: Sections = {
      train: { steps: 3, lr: 1e-2 },
      entropy: { method: 'adaptive-entropy', adaptive: { target: 9, delta: 0.003, start: 0.001, max: 0.005 } },
    }
    const whole = await run(sections)
    const coefficients = whole.metrics.map(({ entropy_coef }) => entropy_coef)
    coefficients.forEach((value, k) => {
      expect(value).toBeCloseTo([0.001, 0.004, 0.005][k], 12)
    })

    const cut = join(root, 'cut')
    const kill = (event: TrainEvent) => {
      if (event.type === 'phase' && event.step === 3 && event.phase === 'train') throw new Error('killed')
    }
    await expect(run(sections, { onEvent: kill }, cut)).rejects.toThrow('killed')
    const resumed = await run(sections, { resume: true }, cut)
    expect(resumed.repeatable).toEqual(whole.repeatable)
  })
})

describe('the atlas of a run', () => {
  it('has ratios of 1 as recorded, and those of a later checkpoint under it', async () => {
    const { runDirectory } = await run({})
    const recorded = await methodAtlas(runDirectory)
    expect(recorded).toMatchObject({ steps: [2], ratio: { min: 1, max: 1, meanAbsLog: 0 } })
    expect(recorded.rows.find(({ method }) => method === 'gspo')).toMatchObject({ tokensKept: 1, againstGrpo: 0 })

    const checkpoint = join(runDirectory, 'checkpoints/step-000002/model')
    const later = await methodAtlas(runDirectory, { model: checkpoint, threads: 1 })
    expect(later.tokens).toBe(recorded.tokens)
    expect(later.ratio.max).toBeGreaterThan(1.2)
    expect(later.rows.find(({ method }) => method === 'ppo-clip (GRPO)')!.tokensKept).toBeLessThan(1)

    // Step 1 was sampled by the starting policy: under it the recorded statistics come back.
    const first = await methodAtlas(runDirectory, { steps: { first: 1, last: 1 }, model, threads: 1 })
    expect(first.ratio.meanAbsLog).toBeLessThan(1e-4)
    const again = await methodAtlas(runDirectory, { steps: { first: 1, last: 1 } })
    const unclipped = (atlas: typeof first) => atlas.rows[0].predictedDH
    expect(unclipped(first)).toBeCloseTo(unclipped(again), 5)

    const rows = await readRolloutRows(join(runDirectory, 'rollouts/step-000001.parquet'))
    expect(rows).toHaveLength(12)
    for (const { tokens, promptTokens, advantage, sumS2, S, gradMask } of rows) {
      expect(promptTokens!.length).toBeGreaterThan(0)
      for (const values of [advantage, sumS2!, S, gradMask]) expect(values.length).toBe(tokens.length)
      for (const value of sumS2!) expect(value).toBeGreaterThanOrEqual(0)
    }
  })
})
