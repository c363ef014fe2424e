import { describe, expect, it } from 'vitest'
import type { PolicyWeights, Sampler } from '../rollout/sampler-kind.js'
import type { Completion, SampledCompletion, SamplingOptions } from '../rollout/types.js'
import type { Backend } from './backend.js'
import { PolicySampler } from './policy-sampler.js'

const options = { temperature: 0.7, samplesPerPrompt: 2 } as SamplingOptions
const prompts = [
  { key: 0, tokens: [1, 2] },
  { key: 1, tokens: [3] },
]
const bare = (prompt: number, sample: number, logprob: number): SampledCompletion => ({
  prompt,
  sample,
  tokens: Int32Array.from([4 + sample]),
  finish: 'stop',
  logprob: Float32Array.from([logprob]),
})
const sampled = [bare(0, 0, -1), bare(0, 1, -2), bare(1, 0, -3), bare(1, 1, -4)]
const moments = (of: number) => ({
  entropy: Float32Array.from([of]),
  sumP2: Float32Array.from([of]),
  sumP2LogP: Float32Array.from([of]),
  S: Float32Array.from([of]),
  expectedS: Float32Array.from([of]),
  sumS2: Float32Array.from([of]),
})
const statistics = { promptTokens: 3, completionTokens: 4, seconds: 1 }

function setUp(sampler: Partial<Sampler>, step = 0) {
  const calls: unknown[] = []
  const backend = {
    score: async (groups: unknown, given: unknown) => {
      calls.push(['score', groups, given])
      return [0, 1].map((p) => [0, 1].map((s) => ({ logprob: Float32Array.from([-10 * p - s]), ...moments(p + s) })))
    },
    save: async (directory: string, given: unknown) => void calls.push(['save', directory, given]),
    sample: async () => ({ completions: [], statistics }),
  } as unknown as Backend
  const whole: Sampler = {
    sample: async () => ({ completions: sampled, statistics }),
    close: async () => {},
    ...sampler,
  }
  return { calls, policy: new PolicySampler(backend, whole, { tokenBudget: 99, step }) }
}

describe('a sampler without moments', () => {
  it('has them from the backend, by prompt, and keeps its own log-probabilities beside', async () => {
    const { calls, policy } = setUp({})
    const { completions } = await policy.sample(prompts, options)
    expect(calls).toEqual([
      [
        'score',
        [
          { prompt: Int32Array.from([1, 2]), completions: [Int32Array.from([4]), Int32Array.from([5])] },
          { prompt: Int32Array.from([3]), completions: [Int32Array.from([4]), Int32Array.from([5])] },
        ],
        { temperature: 0.7, tokenBudget: 99 },
      ],
    ])
    const seen = completions.map(({ prompt, sample, logprob, samplerLogprob, entropy }) => [
      prompt,
      sample,
      logprob[0],
      samplerLogprob?.[0],
      entropy[0],
    ])
    expect(seen).toEqual([
      [0, 0, -0, -1, 0],
      [0, 1, -1, -2, 1],
      [1, 0, -10, -3, 1],
      [1, 1, -11, -4, 2],
    ])
  })

  it('counts the time of scoring', async () => {
    const { policy } = setUp({})
    expect((await policy.sample(prompts, options)).statistics.seconds).toBeGreaterThan(1)
  })
})

it('leaves completions with moments as they are, and scores nothing', async () => {
  const exact: Completion[] = sampled.map((one) => ({ ...one, ...moments(1) }))
  const { calls, policy } = setUp({ sample: async () => ({ completions: exact, statistics }) })
  const result = await policy.sample(prompts, options)
  expect(result.completions).toBe(exact)
  expect(result.statistics).toBe(statistics)
  expect(calls).toEqual([])
})

describe('the weights', () => {
  it('reach the sampler before its first completion and after each move, not between', async () => {
    const seen: (number | string)[] = []
    const { calls, policy } = setUp(
      {
        async sync({ step, save }: PolicyWeights) {
          seen.push(step)
          await save(`/run/sampler/${step}`)
        },
        async sample() {
          seen.push('sample')
          return { completions: [], statistics }
        },
      },
      3,
    )
    await policy.sample(prompts, options)
    await policy.sample(prompts, options)
    policy.moved(4)
    policy.moved(5)
    await policy.sample(prompts, options)
    expect(seen).toEqual([3, 'sample', 'sample', 5, 'sample'])
    expect(calls).toEqual([
      ['save', '/run/sampler/3', { optimizer: false }],
      ['save', '/run/sampler/5', { optimizer: false }],
    ])
  })

  it('are sent again where they did not arrive; what fails outside leaves the policy unchanged', async () => {
    let failures = 1
    const { policy } = setUp({
      async sync() {
        if (failures-- > 0) throw new Error('no answer')
      },
      sample: async () => ({ completions: [], statistics }),
    })
    await expect(policy.sample(prompts, options)).rejects.toMatchObject({
      message: 'no answer',
      policyUnchanged: true,
    })
    expect((await policy.sample(prompts, options)).completions).toEqual([])
    const failing = setUp({ sync: async () => {}, sample: () => Promise.reject(new Error('down')) }).policy
    await expect(failing.sample(prompts, options)).rejects.toMatchObject({ policyUnchanged: true })
    const own = setUp({ sample: () => Promise.reject(new Error('broken')) }).policy
    await expect(own.sample(prompts, options)).rejects.not.toHaveProperty('policyUnchanged')
  })
})
