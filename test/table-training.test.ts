/** The training loop on a backend that is not the local one, with a sampler beside it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseRecipe } from '../src/recipe/index.js'
import type { RecipeInput } from '../src/recipe/input.js'
import type { Sampler } from '../src/rollout/sampler-kind.js'
import type { Task } from '../src/task/types.js'
import type { Backend } from '../src/train/backend.js'
import type { StepMetrics } from '../src/train/events.js'
import { type LoopEvent, trainLoop } from '../src/train/loop.js'
import { preparePolicy } from '../src/train/prepare.js'
import { openTable } from './table/backend.js'
import { remoteTable } from './table/remote-sampler.js'

const root = mkdtempSync(join(tmpdir(), 'table-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const directory = () => join(root, String(count++))

/** The share of a completion's characters that are letters. */
const letters: Task = {
  name: 'letters',
  prompts: (_, split) =>
    Array.from({ length: 40 }, (_, i) => ({
      id: `${split}${i}`,
      prompt: `What is ${i + (split === 'eval' ? 50 : 0)}?`,
    })),
  grade: (text) => (text.length === 0 ? 0 : (text.match(/[a-z]/g) ?? []).length / text.length),
}

const recipeOf = (changes: Partial<RecipeInput> = {}) =>
  parseRecipe({
    model: 'table',
    task: { name: 'arithmetic' },
    ...changes,
    rollout: { promptsPerStep: 4, samplesPerPrompt: 8, maxNewTokens: 8, ...changes.rollout },
    train: { steps: 3, lr: 0.05, ...changes.train },
  })

async function run(
  recipe: ReturnType<typeof recipeOf>,
  { backend = openTable(), sampler }: { backend?: Backend; sampler?: Sampler } = {},
) {
  await preparePolicy(backend, recipe)
  const events: LoopEvent[] = []
  for await (const event of trainLoop({ recipe, backend, sampler, task: letters })) events.push(event)
  const steps = events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []))
  return { events, steps }
}

const repeatable = (steps: StepMetrics[]) =>
  steps.map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
  )

describe('training a table', () => {
  it.each<[string, Partial<RecipeInput>]>([
    ['grpo', {}],
    ['clip-v', { entropy: { method: 'clip-v', muLow: 1, muHigh: 1 }, train: { updatesPerBatch: 2 } }],
    ['ppo with a KL in the reward', { algorithm: { name: 'ppo', klCoef: 0.05, klIn: 'reward' } }],
    ['a KL in the loss', { algorithm: { klCoef: 0.1, entropyCoef: 0.01 } }],
    ['an entropy held', { entropy: { method: 'clip-b', target: 2 } }],
    ['a ledger and an evaluation', { ledger: { every: 1 }, eval: { every: 2, samples: 2, problems: 3 } }],
  ])('by %s gives every metric of the step', async (_, changes) => {
    const { steps } = await run(recipeOf(changes))
    expect(steps).toHaveLength(3)
    for (const line of steps) {
      expect(line).toMatchObject({ loss: expect.any(Number), grad_norm: expect.any(Number) })
      expect(line.entropy_nats).toBeGreaterThan(0)
      // Not counted by this sampler.
      expect(line.edge_draws).toBeUndefined()
    }
  })

  it('raises the reward', async () => {
    const { steps } = await run(recipeOf({ train: { steps: 30, lr: 0.1 }, rollout: { promptsPerStep: 8 } }))
    const mean = (lines: StepMetrics[]) => lines.reduce((sum, line) => sum + line.reward_mean, 0) / lines.length
    expect(mean(steps.slice(-5))).toBeGreaterThan(mean(steps.slice(0, 5)) + 0.2)
  })
})

it.each(['train', 'eval'])('stops at once while a grader of %s waits', async (split) => {
  const stop = new AbortController()
  const waiting: Task = {
    ...letters,
    grade: (text, example, info) => {
      if (!example.id.startsWith(split)) return letters.grade(text, example, info)
      setImmediate(() => stop.abort())
      return new Promise(() => {})
    },
  }
  const recipe = recipeOf({ eval: { every: 1, samples: 2, problems: 3 } })
  const types: string[] = []
  const backend = openTable({ signal: stop.signal })
  for await (const { type } of trainLoop({ recipe, backend, task: waiting, signal: stop.signal })) types.push(type)
  expect(types).not.toContain('step')
})

describe('a sampler beside the backend', () => {
  it.each(['rollout', 'evaluate'])(
    'that fails at the signal in a phase of %s ends the run as the signal does',
    async (phase) => {
      const stop = new AbortController()
      const recipe = recipeOf({ eval: { every: 1, samples: 2, problems: 3 } })
      const backend = openTable({ signal: stop.signal })
      const sampler: Sampler = {
        ...remoteTable({ directory }),
        async sample(...given) {
          const result = await backend.sample(...given)
          if (stopping) {
            stop.abort()
            throw new Error('the connection is cut off')
          }
          return result
        },
      }
      let stopping = false
      const seen: string[] = []
      for await (const event of trainLoop({ recipe, backend, sampler, task: letters, signal: stop.signal })) {
        seen.push(event.type)
        if (event.type === 'phase' && event.step === 1 && event.phase === phase) stopping = true
      }
      expect(seen.filter((type) => type === 'step')).toHaveLength(phase === 'rollout' ? 0 : 1)
      expect(seen.filter((type) => type === 'eval')).toHaveLength(1)
    },
  )

  it('that has its weights gives the very same run: moments, masks, and steps', async () => {
    const recipe = recipeOf({
      entropy: { method: 'clip-v', muLow: 1, muHigh: 1 },
      train: { updatesPerBatch: 2 },
      eval: { every: 1, samples: 2, problems: 3 },
    })
    const own = await run(recipe)
    const beside = await run(recipe, { sampler: remoteTable({ directory }) })
    expect(repeatable(beside.steps)).toEqual(repeatable(own.steps))
    const evals = ({ events }: typeof own) => events.flatMap((event) => (event.type === 'eval' ? [event.metrics] : []))
    expect(evals(beside)).toEqual(evals(own))
    expect(evals(own)).toHaveLength(4)
  })

  it('corrects what it samples: weights multiply the advantages, rows join the metrics', async () => {
    const recipe = recipeOf({ train: { steps: 1, gradClip: Number.POSITIVE_INFINITY } })
    const plain = await run(recipe)
    const seen: number[] = []
    const sampler: Sampler = {
      ...remoteTable({ directory }),
      correct(completions) {
        seen.push(completions.length)
        expect(completions.every(({ samplerLogprob, logprob }) => samplerLogprob?.length === logprob.length)).toBe(true)
        return {
          weights: completions.map(({ tokens }) => new Float32Array(tokens.length).fill(0.5)),
          metrics: { kl_nats: 7 },
        }
      },
    }
    const corrected = await run(recipe, { sampler })
    expect(seen).toEqual([32])
    expect(corrected.steps[0].kl_nats).toBe(7)
    expect(corrected.steps[0].grad_norm! / plain.steps[0].grad_norm!).toBeCloseTo(0.5, 6)
    expect(corrected.steps[0].reward_mean).toBe(plain.steps[0].reward_mean)
  })
})
