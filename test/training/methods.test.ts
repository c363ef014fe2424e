/** Entropy methods in whole runs of a tiny model, and the atlas of such a run. The engine's thread loads compiled files. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import { methodAtlas } from '../../src/report/atlas/atlas.js'
import { readRolloutRows } from '../../src/run/store/rollout-rows.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { StepMetrics, TrainEvent } from '../../src/train/events.js'
import { tinySetUp } from './tiny-model.js'

const { root, model, task } = tinySetUp('methods-')

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

describe('methods with a state', () => {
  it.each<[string, NonNullable<Sections['entropy']>, object]>([
    [
      'entropic, entropy-schedule, stare',
      {
        method: ['entropic', 'entropy-schedule', 'stare'],
        entropic: { target: 3, ki: 0.5, probability: 0.02 },
        schedule: { from: 0.01, to: 0.002 },
        stare: { target: 9, delta: 0.1 },
      },
      { entropy_coef: 0.006, entropy_control_weight: 1.2 },
    ],
    [
      'entrocraft, erc',
      {
        method: ['entrocraft', 'erc'],
        entrocraft: { lowFrom: 6, lowTo: 0, highFrom: 9, highTo: 0 },
        erc: { low: 0.9, high: 1.1 },
      },
      { entropy_band_low: 2, entropy_band_high: 3 },
    ],
  ])('%s: resume bit for bit', async (name, entropy, second) => {
    const sections: Sections = { train: { steps: 3, lr: 1e-2, updatesPerBatch: 2 }, entropy }
    const whole = await run(sections)
    for (const [key, value] of Object.entries(second)) {
      expect(whole.metrics[1][key as keyof StepMetrics]).toBeCloseTo(value, 12)
    }
    const cut = join(root, `cut ${name}`)
    const kill = (event: TrainEvent) => {
      if (event.type === 'phase' && event.step === 3 && event.phase === 'train') throw new Error('killed')
    }
    await expect(run(sections, { onEvent: kill }, cut)).rejects.toThrow('killed')
    const resumed = await run(sections, { resume: true }, cut)
    expect(resumed.repeatable).toEqual(whole.repeatable)
  })
})

describe('quantile advantages', () => {
  it('are what the run trains on, and what the atlas of another run puts in their place', async () => {
    const entropy = { method: 'quantile-advantage', quantile: { k: 0.5 } } as const
    const sections: Sections = { algorithm: { advantage: 'group-nostd' } }
    const [own, plain] = [await run({ ...sections, entropy }), await run(sections)]
    const first = (directory: string) => readRolloutRows(join(directory, 'rollouts/step-000001.parquet'))
    const rows = await first(own.runDirectory)
    let different = 0
    for (const id of new Set(rows.map(({ promptId }) => promptId))) {
      const members = rows.filter(({ promptId }) => promptId === id)
      // Of four rewards in order, the second is the smallest that half of them do not exceed.
      const quantile = members.map(({ reward }) => reward).sort((a, b) => a - b)[1]
      const equal = new Set(members.map(({ reward }) => reward)).size === 1
      for (const { reward, advantage } of members) {
        expect(advantage[0]).toBeCloseTo(equal ? 0 : reward - quantile, 6)
        if (!equal) different++
      }
    }
    expect(different).toBeGreaterThan(0)

    const range = { steps: { first: 1, last: 1 } }
    const rowOf = async (directory: string) =>
      (await methodAtlas(directory, range)).rows.find(({ method }) => method === 'quantile-advantage')!
    const [byItself, inPlace] = [await rowOf(own.runDirectory), await rowOf(plain.runDirectory)]
    expect(byItself.againstGrpo).toBeCloseTo(0, 12)
    // The plain run's atlas has a K of 0.4, which of four is the second too.
    expect(inPlace.predictedDH).toBeCloseTo(byItself.predictedDH, 6)
    expect(inPlace.againstGrpo).not.toBeCloseTo(0, 6)
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
