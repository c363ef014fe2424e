/** Whole runs of PPO on a tiny model through the engine's thread, which loads the compiled files: build first. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { clipB } from '../../src/entropy/index.js'
import { openSafetensors } from '../../src/model/safetensors.js'
import { parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import { openParts } from '../../src/run/train/parts.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { StepMetrics, TrainEvent } from '../../src/train/events.js'
import { batchMoments } from '../../src/train/ppo/whiten.js'
import { tinySetUp } from './tiny-model.js'

const { root, model, task } = tinySetUp('ppo-')

type Changes = { [K in keyof RecipeInput]?: Partial<RecipeInput[K]> }

const recipeOf = ({ rollout, algorithm, critic, train, checkpoint, ...rest }: Changes) =>
  parseRecipe({
    name: 'tiny',
    model,
    threads: 1,
    task: { name: task },
    ...(rest as object),
    rollout: { promptsPerStep: 4, samplesPerPrompt: 2, maxNewTokens: 10, ...rollout },
    algorithm: { name: 'ppo', ...algorithm },
    critic: { lr: 1e-2, ...critic },
    train: { steps: 2, lr: 1e-2, ...train },
    checkpoint: { every: 2, ...checkpoint },
  })

let count = 0
const fresh = () => join(root, `run-${count++}`)

async function run(changes: Changes = {}, options: TrainOptions = {}, runDirectory = fresh()) {
  await train(recipeOf(changes), { runDirectory, ...options })
  const text = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8')
  const metrics: StepMetrics[] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { runDirectory, metrics }
}

const repeatable = (metrics: StepMetrics[]) =>
  metrics.map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
  )

const file = (directory: string, ...path: string[]) => readFileSync(join(directory, ...path))
const checkpoint = (directory: string, step: number, name: string) =>
  file(directory, 'checkpoints', `step-00000${step}`, name)
const weights = (directory: string, step: number) => checkpoint(directory, step, 'model/model.safetensors')

interface Row {
  tokens: number[]
  reward: number
  advantage: number
  logprob: number[]
  s: number[]
  expected_s: number[]
  grad_mask: boolean[]
  advantages: number[]
  value: number[]
  return: number[]
}

const rolloutsOf = async (directory: string, step: number): Promise<Row[]> =>
  (await parquetReadObjects({
    file: await asyncBufferFromFile(join(directory, 'rollouts', `step-00000${step}.parquet`)),
  })) as unknown as Row[]

describe('a run of PPO', () => {
  it.each(['own', 'frozen'] as const)(
    'resumes bit for bit where it was killed, critic and controller too: %s',
    async (trunk) => {
      const changes: Changes = {
        rollout: { promptsPerStep: 4, samplesPerPrompt: 2, maxNewTokens: 10 },
        train: { steps: 4, lr: 1e-2, updatesPerBatch: 2, epochs: 2, weightDecay: 0.01 },
        algorithm: { klCoef: 0.1, klIn: trunk === 'own' ? 'reward' : 'loss', klTarget: 0.01, klHorizon: 20 },
        critic: { trunk, lr: 1e-2, warmupSteps: 1 },
      }
      const whole = await run(changes)
      const cut = fresh()
      const kill = (event: TrainEvent) => {
        if (event.type === 'phase' && event.step === 4 && event.phase === 'train') throw new Error('killed')
      }
      await expect(run(changes, { onEvent: kill }, cut)).rejects.toThrow('killed')
      expect(readdirSync(join(cut, 'checkpoints'))).toEqual(['step-000002'])
      const resumed = await run(changes, { resume: true }, cut)
      expect(repeatable(resumed.metrics)).toEqual(repeatable(whole.metrics))
      for (const name of [
        'model/model.safetensors',
        'optimizer.safetensors',
        'critic.safetensors',
        'critic-optimizer.safetensors',
      ]) {
        const same = checkpoint(cut, 4, name).equals(checkpoint(whole.runDirectory, 4, name))
        const moved = !checkpoint(cut, 4, name).equals(checkpoint(cut, 2, name))
        expect({ name, same, moved }).toEqual({ name, same: true, moved: true })
      }
      const coefficients = whole.metrics.map(({ kl_coef }) => kl_coef as number)
      // The warm-up step measures a distance of 0 and must not follow it.
      expect(coefficients.slice(0, 2)).toEqual([0.1, 0.1])
      expect(coefficients[3]).not.toBe(0.1)
      // Four updates of the policy in each of three steps, four of the critic in each of four.
      const updates = (name: string) => {
        const saved = openSafetensors(join(cut, 'checkpoints', 'step-000004', name))
        saved.close()
        return saved.metadata.updates
      }
      expect([updates('optimizer.safetensors'), updates('critic-optimizer.safetensors')]).toEqual(['12', '16'])
    },
  )

  it('trains the critic alone while it warms up', async () => {
    const { runDirectory, metrics } = await run({
      train: { steps: 3 },
      critic: { warmupSteps: 2 },
      checkpoint: { every: 1, keep: 5 },
    })
    expect(metrics.map((line) => 'grad_norm' in line)).toEqual([false, false, true])
    expect(metrics.every(({ critic_grad_norm }) => (critic_grad_norm as number) > 0)).toBe(true)
    expect(metrics[0].values_mean).toBe(0)
    expect(metrics[1].values_mean).not.toBe(0)
    expect(weights(runDirectory, 2).equals(weights(runDirectory, 1))).toBe(true)
    expect(weights(runDirectory, 3).equals(weights(runDirectory, 2))).toBe(false)
  })

  it('writes advantages that are white over the policy tokens, and the mask that Clip_B makes of them', async () => {
    const bounds = { muLow: 0.3, muHigh: 1.2 }
    const { runDirectory, metrics } = await run({
      train: { steps: 1 },
      algorithm: { maskTruncated: true },
      rollout: { promptsPerStep: 8, samplesPerPrompt: 4, maxNewTokens: 30 },
      entropy: { method: 'clip-b', ...bounds },
    })
    const rows = await rolloutsOf(runDirectory, 1)
    const counted = rows.map(({ tokens }) => tokens.at(-1) === 2)
    expect(counted).toContain(true)
    expect(counted).toContain(false)
    const { mean, variance } = batchMoments(rows.filter((_, i) => counted[i]).map((row) => row.advantages))
    expect(mean).toBeCloseTo(0, 6)
    expect(variance).toBeCloseTo(1, 5)
    const expected = clipB(
      {
        S: Float64Array.from(rows.flatMap(({ s }) => s)),
        expectedS: Float64Array.from(rows.flatMap(({ expected_s }) => expected_s)),
        advantage: Float64Array.from(rows.flatMap(({ advantages }) => advantages)),
        isPolicyToken: Uint8Array.from(rows.flatMap(({ tokens }, i) => tokens.map(() => (counted[i] ? 1 : 0)))),
      },
      bounds,
    )
    expect(rows.flatMap(({ grad_mask }) => grad_mask).map(Number)).toEqual(Array.from(expected.mask))
    expect(expected.maskedLow + expected.maskedHigh).toBeGreaterThan(0)
    expect(metrics[0].masked_low_fraction).toBeGreaterThan(0)
    rows.forEach(({ value, advantages, return: returned, reward }, i) => {
      expect(value.every(Number.isNaN)).toBe(!counted[i])
      // The first critic says 0, so with gamma 1 the last token's return is the reward.
      if (counted[i]) expect(returned.at(-1)).toBeCloseTo(reward, 6)
      else expect(advantages.every((advantage) => advantage === 0)).toBe(true)
    })
  })

  it('puts the KL into the rewards of the tokens', async () => {
    const { runDirectory, metrics } = await run({
      algorithm: { klCoef: 0.5, klIn: 'reward' },
      critic: { lambda: 1, whiten: false },
    })
    // The policy is its own reference in step 1; in step 2 every return holds the penalties from its token on.
    expect(metrics[0].kl_nats).toBeCloseTo(0, 5)
    const rows = await rolloutsOf(runDirectory, 2)
    const penalties = rows.map(({ reward, return: returned }) => reward - returned[0])
    const perCompletion = penalties.reduce((a, b) => a + b, 0) / rows.length / 0.5
    expect(metrics[1].kl_completion_nats).toBeCloseTo(perCompletion, 4)
    expect(Math.abs(perCompletion)).toBeGreaterThan(1e-3)
    const tokens = rows.reduce((total, row) => total + row.tokens.length, 0)
    expect(metrics[1].kl_nats).toBeCloseTo((perCompletion * rows.length) / tokens, 5)
    expect(metrics[1].kl_coef).toBe(0.5)
  })

  it('learns with one completion per prompt: the reward rises, and the critic comes closer to it', async () => {
    const { metrics } = await run({
      train: { steps: 16, lr: 1e-2, epochs: 2 },
      rollout: { promptsPerStep: 32, samplesPerPrompt: 1, maxNewTokens: 8 },
      critic: { warmupSteps: 2, lr: 2e-2, valueClip: Infinity },
      checkpoint: { every: 100 },
    })
    const mean = (lines: StepMetrics[]) => lines.reduce((total, line) => total + line.reward_mean, 0) / lines.length
    expect(mean(metrics.slice(-3))).toBeGreaterThan(mean(metrics.slice(0, 3)) + 0.1)
    // From 1/2 E[R^2], where every value is 0, towards half the variance of R.
    expect(metrics.at(-1)!.value_loss as number).toBeLessThan((metrics[0].value_loss as number) / 2)
    expect(metrics[0]).not.toHaveProperty('zero_signal_fraction')
  })
})

describe('what can go wrong', () => {
  it('names a critic’s value that is not finite, and saves the last whole step', async () => {
    const directory = fresh()
    const poisoned: TrainOptions['openParts'] = async (recipe, options) => {
      const parts = await openParts(recipe, options)
      const { critic } = parts.backend
      let calls = 0
      const values: NonNullable<typeof critic>['values'] = async (...given) => {
        const result = await critic!.values(...given)
        if (++calls === 2) result[1][1][2] = Number.NaN
        return result
      }
      return { ...parts, loop: parts.loop, backend: Object.assign(parts.backend, { critic: { ...critic!, values } }) }
    }
    await expect(run({ train: { steps: 3 } }, { openParts: poisoned }, directory)).rejects.toThrow(
      "step 2: the critic's value is not finite (prompt 1, sample 1, token 2)",
    )
    expect(readdirSync(join(directory, 'checkpoints'))).toEqual(['step-000001'])
    const sound = await run({ train: { steps: 1 } })
    expect(weights(directory, 1).equals(weights(sound.runDirectory, 1))).toBe(true)
  })

  it('refuses to resume without the critic’s state', async () => {
    const changes: Changes = { train: { steps: 2 }, checkpoint: { every: 1 } }
    const { runDirectory } = await run(changes)
    const longer: Changes = { train: { steps: 3 }, checkpoint: { every: 1 } }
    const path = join(runDirectory, 'checkpoints', 'step-000002', 'critic.safetensors')
    expect(existsSync(path)).toBe(true)
    rmSync(path)
    await expect(run(longer, { resume: true }, runDirectory)).rejects.toThrow(/critic\.safetensors does not exist/)
  })

  it('needs a backend that has a critic', async () => {
    const without: TrainOptions['openParts'] = async (recipe, options) => {
      const parts = await openParts(recipe, options)
      return { ...parts, backend: Object.assign(parts.backend, { critic: undefined }) }
    }
    await expect(run({}, { openParts: without })).rejects.toThrow(/needs a critic/)
  })
})
