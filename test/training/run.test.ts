/** Whole runs of a tiny model through the engine's thread, which loads the compiled files: build first. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { clipB, clipV } from '../../src/entropy/index.js'
import { openSafetensors } from '../../src/model/safetensors.js'
import { loadRecipe, parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import type { Recipe } from '../../src/recipe/schema.js'
import { openParts } from '../../src/run/train/parts.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { StepMetrics, TrainEvent } from '../../src/train/events.js'
import { tinySetUp, writeLetterTask } from './tiny-model.js'

const { root, model, task } = tinySetUp('training-')

type Changes = { [K in keyof RecipeInput]?: Partial<RecipeInput[K]> }

function recipeOf(changes: Changes = {}): Recipe {
  const { rollout, algorithm, entropy, train: training, checkpoint, ...rest } = changes
  return parseRecipe({
    name: 'tiny',
    model,
    threads: 1,
    task: { name: task },
    ...(rest as object),
    rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 12, ...rollout },
    algorithm: { ...algorithm },
    entropy: { ...entropy },
    train: { steps: 2, lr: 1e-2, ...training },
    checkpoint: { every: 2, ...checkpoint },
  })
}

let count = 0
const fresh = () => join(root, `run-${count++}`)

async function run(changes: Changes = {}, options: TrainOptions = {}, runDirectory = fresh()) {
  const events: TrainEvent[] = []
  const onEvent = (event: TrainEvent) => {
    events.push(event)
    options.onEvent?.(event)
  }
  const summary = await train(recipeOf(changes), { runDirectory, ...options, onEvent })
  return { runDirectory, summary, events, metrics: metricsOf(runDirectory) }
}

const metricsOf = (directory: string): StepMetrics[] =>
  readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** What a run repeats: all but the clock and the memory. */
const repeatable = (metrics: StepMetrics[]) =>
  metrics.map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
  )

const weights = (directory: string, step: number) =>
  readFileSync(join(directory, 'checkpoints', `step-00000${step}`, 'model', 'model.safetensors'))

interface RolloutRow {
  prompt_id: string
  tokens: number[]
  reward: number
  advantage: number
  logprob: number[]
  s: number[]
  expected_s: number[]
  grad_mask: boolean[]
}

const rolloutsOf = async (directory: string, step: number): Promise<RolloutRow[]> =>
  (await parquetReadObjects({
    file: await asyncBufferFromFile(join(directory, 'rollouts', `step-00000${step}.parquet`)),
  })) as unknown as RolloutRow[]

describe('a run of a tiny model', () => {
  it('resumes bit for bit where it was killed', async () => {
    const changes: Changes = {
      train: { steps: 4, lr: 1e-2, updatesPerBatch: 2, weightDecay: 0.01 },
      eval: { every: 2, samples: 2, problems: 3 },
      algorithm: { klCoef: 0.05 },
    }
    const whole = await run(changes)
    expect(whole.summary).toMatchObject({ step: 4, interrupted: false })

    const cut = fresh()
    const kill = (event: TrainEvent) => {
      if (event.type === 'phase' && event.step === 4 && event.phase === 'train') throw new Error('killed')
    }
    await expect(run(changes, { onEvent: kill }, cut)).rejects.toThrow('killed')
    expect(readdirSync(join(cut, 'checkpoints'))).toEqual(['step-000002'])
    const resumed = await run(changes, { resume: true }, cut)

    expect(repeatable(resumed.metrics)).toEqual(repeatable(whole.metrics))
    expect(weights(cut, 4).equals(weights(whole.runDirectory, 4))).toBe(true)
    expect(weights(cut, 4).equals(weights(cut, 2))).toBe(false)
    const file = (directory: string, name: string) => readFileSync(join(directory, name))
    for (const name of ['rollouts/step-000003.parquet', 'rollouts/step-000004.parquet', 'eval.jsonl', 'config.yaml']) {
      expect({ name, same: file(cut, name).equals(file(whole.runDirectory, name)) }).toEqual({ name, same: true })
    }
    const optimizer = 'checkpoints/step-000004/optimizer.safetensors'
    expect(file(cut, optimizer).equals(file(whole.runDirectory, optimizer))).toBe(true)
    const saved = openSafetensors(join(cut, optimizer))
    expect(saved.metadata.updates).toBe('8')
    saved.close()
  })

  it.each(['rollout', 'train'] as const)(
    'stops at its last step when told to during %s, and goes on',
    async (phase) => {
      const changes: Changes = { train: { steps: 2, updatesPerBatch: 2 }, checkpoint: { every: 10 } }
      const whole = await run(changes)
      const stop = new AbortController()
      const onEvent = (event: TrainEvent) => {
        if (event.type === 'phase' && event.step === 2 && event.phase === phase) stop.abort()
      }
      const cut = await run(changes, { onEvent, signal: stop.signal })
      // An update that was under way may be finished, but nothing is left between two steps.
      expect(cut.summary.interrupted).toBe(cut.summary.step === 1)
      expect(cut.metrics.length).toBe(cut.summary.step)
      const resumed = await run(changes, { resume: true }, cut.runDirectory)
      expect(repeatable(resumed.metrics)).toEqual(repeatable(whole.metrics))
      expect(weights(cut.runDirectory, 2).equals(weights(whole.runDirectory, 2))).toBe(true)
    },
  )

  it('does not depend on the micro-batch, beyond rounding, nor its draws on the sampling batch', async () => {
    const base: Changes = { train: { steps: 1, tokenBudget: 8192 }, entropy: { method: 'clip-b', muLow: 1, muHigh: 1 } }
    const whole = await run(base)
    const small = await run({ ...base, train: { steps: 1, tokenBudget: 30 }, rollout: { batchSize: 3 } })
    const [a, b] = [repeatable(whole.metrics)[0], repeatable(small.metrics)[0]]
    expect(Object.keys(a)).toEqual(Object.keys(b))
    expect(a.edge_draws).toBe(0)
    for (const [key, value] of Object.entries(a)) {
      if (key === 'logprob_gap_max') continue
      expect({ key, value: b[key] }).toEqual({ key, value: expect.closeTo(value as number, 4) })
    }
    const masks = async (directory: string) =>
      (await rolloutsOf(directory, 1)).map((row) => [row.tokens, row.grad_mask])
    expect(await masks(small.runDirectory)).toEqual(await masks(whole.runDirectory))
  })

  it('on policy has ratios of 1, no clipping and no gap', async () => {
    const { metrics } = await run({ train: { steps: 2 }, algorithm: { klCoef: 0.1 } })
    for (const line of metrics) {
      expect(line.ratio_max).toBeCloseTo(1, 4)
      expect(line.ppo_clip_fraction).toBe(0)
      expect(line.logprob_gap_max).toBeLessThan(1e-4)
      expect(line).not.toHaveProperty('pred_dH_masked')
      expect(line).not.toHaveProperty('masked_low_fraction')
    }
    // The reference is the policy that the run began with.
    expect(metrics[0].kl_nats).toBeCloseTo(0, 8)
    expect(metrics[1].kl_nats).toBeGreaterThan(1e-6)
  })

  it.each(['current', 'rollout'] as const)('off policy has other ratios, with statistics: %s', async (statistics) => {
    const { metrics } = await run({
      train: { steps: 1, lr: 3e-2, updatesPerBatch: 2, epochs: 2 },
      entropy: { method: 'clip-v', muLow: 1, muHigh: 1, statistics },
    })
    expect(metrics[0].ratio_max).toBeGreaterThan(1.05)
    expect(metrics[0].ppo_clip_fraction).toBeGreaterThan(0)
    // The sampler's log-probabilities are compared with the policy that sampled, before it moved.
    expect(metrics[0].logprob_gap_max).toBeLessThan(1e-4)
  })

  it.each(['group-nostd', 'leave-one-out', 'batch'] as const)('learns with advantages: %s', async (advantage) => {
    const { runDirectory, metrics } = await run({
      train: { steps: 1 },
      algorithm: { advantage, aggregation: 'sequence' },
    })
    expect(metrics[0].grad_norm).toBeGreaterThan(0)
    const rows = await rolloutsOf(runDirectory, 1)
    expect(rows.length).toBe(16)
    for (const row of rows) {
      const group = rows.filter(({ prompt_id }) => prompt_id === row.prompt_id).map(({ reward }) => reward)
      const mean = group.reduce((a, b) => a + b, 0) / group.length
      if (advantage === 'group-nostd') expect(row.advantage).toBeCloseTo(row.reward - mean, 9)
      if (advantage === 'leave-one-out') expect(row.advantage).toBeCloseTo(((row.reward - mean) * 4) / 3, 9)
    }
  })

  it('raises the reward', async () => {
    const { metrics } = await run({
      train: { steps: 12, lr: 2e-2 },
      rollout: { promptsPerStep: 4, samplesPerPrompt: 8, maxNewTokens: 8 },
    })
    const mean = (lines: StepMetrics[]) => lines.reduce((total, line) => total + line.reward_mean, 0) / lines.length
    expect(mean(metrics.slice(-3))).toBeGreaterThan(mean(metrics.slice(0, 3)) + 0.1)
  })

  it('leaves truncated completions out where told to', async () => {
    const { runDirectory, metrics } = await run({ train: { steps: 1 }, algorithm: { maskTruncated: true } })
    expect(metrics[0].truncated_fraction).toBeGreaterThan(0)
    for (const { tokens, grad_mask } of await rolloutsOf(runDirectory, 1)) {
      const ended = tokens.at(-1) === 2
      expect(grad_mask.every((flag) => flag === ended)).toBe(true)
    }
    // With a room of one token none ends by itself but by chance of 1 in 64: no policy token, so no update.
    const none = await run({
      train: { steps: 1 },
      rollout: { maxNewTokens: 1, samplesPerPrompt: 2 },
      algorithm: { maskTruncated: true },
    })
    expect(none.metrics[0]).not.toHaveProperty('grad_norm')
    expect(none.metrics[0].truncated_fraction).toBe(1)
  })

  it('with dtype: auto writes down the type that it measured, and goes on in the type of the run', async () => {
    const typeOf = (directory: string) => loadRecipe(join(directory, 'config.yaml')).dtype
    const measured = await run({ dtype: 'auto', train: { steps: 1 } })
    expect(['float32', 'bfloat16']).toContain(typeOf(measured.runDirectory))
    // Had it measured again, one of the two would be another type than the run's, and be refused.
    for (const dtype of ['float32', 'bfloat16'] as const) {
      const begun = await run({ dtype, train: { steps: 1 } })
      const { metrics } = await run({ dtype: 'auto', train: { steps: 2 } }, { resume: true }, begun.runDirectory)
      expect(metrics).toHaveLength(2)
      expect(typeOf(begun.runDirectory)).toBe(dtype)
    }
  })

  it('runs the built-in arithmetic task', async () => {
    const { metrics } = await run({ task: { name: 'arithmetic', max: 3 }, train: { steps: 1 } })
    expect(metrics[0].completion_tokens).toBeGreaterThan(16)
    expect(metrics[0].zero_signal_fraction).toBeGreaterThan(0)
  })
})

describe.each(['clip-b', 'clip-v'] as const)('%s in a run', (method) => {
  it('masks what the pure function masks, and predicts from the columns', async () => {
    const options = { muLow: 0.3, muHigh: 1.2 }
    const { runDirectory, metrics } = await run({ train: { steps: 1 }, entropy: { method, ...options } })
    const rows = await rolloutsOf(runDirectory, 1)
    const flat = {
      S: Float64Array.from(rows.flatMap(({ s }) => s)),
      expectedS: Float64Array.from(rows.flatMap(({ expected_s }) => expected_s)),
      advantage: Float64Array.from(rows.flatMap(({ advantage, tokens }) => tokens.map(() => advantage))),
      isPolicyToken: new Uint8Array(rows.flatMap(({ tokens }) => tokens).length).fill(1),
    }
    const expected = (method === 'clip-b' ? clipB : clipV)(flat, options)
    expect(rows.flatMap(({ grad_mask }) => grad_mask).map(Number)).toEqual(Array.from(expected.mask))
    const N = flat.S.length
    expect(expected.maskedLow).toBeGreaterThan(0)
    expect(expected.maskedHigh).toBeGreaterThan(0)
    expect(metrics[0].masked_low_fraction).toBeCloseTo(expected.maskedLow / N, 12)
    expect(metrics[0].masked_high_fraction).toBeCloseTo(expected.maskedHigh / N, 12)
    // On policy g = A under a token mean: dH = -(1/N) sum A Sc over kept and over masked tokens.
    let kept = 0
    let masked = 0
    for (let t = 0; t < N; t++) {
      const effect = (-flat.advantage[t] * (flat.S[t] - flat.expectedS[t])) / N
      if (expected.mask[t]) kept += effect
      else masked += effect
    }
    expect(metrics[0].pred_dH_kept).toBeCloseTo(kept, 5)
    expect(metrics[0].pred_dH_masked).toBeCloseTo(masked, 5)
    expect(metrics[0].completion_tokens).toBe(N)
    expect(Math.abs(kept)).toBeGreaterThan(1e-4)
  })
})

describe('a value that is not finite', () => {
  /** A run whose sampler reports one log-probability of NaN in step 2. */
  const poisoned: NonNullable<TrainOptions['openParts']> = async (recipe, options) => {
    const parts = await openParts(recipe, options)
    const { sample, update } = parts.backend
    let calls = 0
    parts.backend.sample = async (...given) => {
      const result = await sample(...given)
      if (++calls === 2) result.completions[6].logprob[1] = Number.NaN
      return result
    }
    parts.backend.update = update
    return parts
  }

  it('stops the run with the weights of the last step saved, and says where', async () => {
    const directory = fresh()
    const changes: Changes = { train: { steps: 3 } }
    await expect(run(changes, { openParts: poisoned }, directory)).rejects.toThrow(
      'step 2: the loss is not finite (prompt 1, sample 2, token 1)',
    )
    expect(readdirSync(join(directory, 'checkpoints'))).toEqual(['step-000001'])
    const sound = await run({ train: { steps: 1 } })
    expect(weights(directory, 1).equals(weights(sound.runDirectory, 1))).toBe(true)
  })

  it('or skips the update, with a warning', async () => {
    const { runDirectory, metrics, events } = await run(
      { train: { steps: 2, onNonFinite: 'skip' }, checkpoint: { every: 1, keep: 5 } },
      { openParts: poisoned },
    )
    expect(metrics.length).toBe(2)
    expect(metrics[1]).not.toHaveProperty('grad_norm')
    expect(events).toContainEqual({
      type: 'warning',
      step: 2,
      message: expect.stringContaining('prompt 1, sample 2, token 1'),
    })
    expect(weights(runDirectory, 2).equals(weights(runDirectory, 1))).toBe(true)
  })

  it.each([
    ['group-nostd', 'clip-b', 'the advantage is not finite'],
    ['leave-one-out', 'kl-cov', 'the advantage is not finite'],
    ['ppo', 'clip-v', "the critic's loss is not finite"],
  ] as const)(
    'as a reward of 1e39 under %s and %s stops the run or skips the update',
    async (kind, method, message) => {
      const clip = method === 'kl-cov' ? {} : { muLow: 1, muHigh: 1 }
      const file = writeLetterTask(join(root, `huge-${kind}.mjs`))
      // The second completion of every four.
      const graded = readFileSync(file, 'utf8').replace(
        /grade: .*/,
        'grade: () => (calls++ % 4 === 1 ? 1e39 : calls % 3),',
      )
      writeFileSync(file, `let calls = 0\n${graded}`)
      const changes = (onNonFinite: 'stop' | 'skip'): Changes => ({
        task: { name: file },
        algorithm: kind === 'ppo' ? { name: 'ppo' } : { advantage: kind },
        entropy: { method, ...clip },
        train: { steps: 2, onNonFinite },
      })
      await expect(run(changes('stop'))).rejects.toThrow(`step 1: ${message}`)
      const { metrics, events } = await run(changes('skip'))
      expect(metrics.map(({ step }) => step)).toEqual([1, 2])
      const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      expect(warnings.filter((text) => text.includes(message)).length).toBe(2)
      expect(warnings[0]).toContain('update is skipped')
    },
  )

  it('in the weights ends the run in plain words', async () => {
    await expect(run({ train: { steps: 3, lr: 1e30, gradClip: Infinity } })).rejects.toThrow(/not finite/)
  })
})
