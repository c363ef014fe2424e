import { describe, expect, it } from 'vitest'
import type { Completion } from '../rollout/types.js'
import { BatchCollector } from './dynamic-sampling.js'
import type { GradedCompletion } from './events.js'

/** A round whose prompts are named, with the rewards of their completions, each of `length` tokens. */
function round(groups: [string, number[]][], length = 2) {
  return {
    prompts: groups.map(([name]) => ({ tokens: Int32Array.of(name.charCodeAt(0)) })),
    graded: groups.flatMap(([name, rewards], prompt) =>
      rewards.map(
        (reward, sample) =>
          ({
            promptId: name,
            reward,
            completion: { prompt, sample, tokens: new Int32Array(length) } as Completion,
          }) as GradedCompletion,
      ),
    ),
    statistics: { promptTokens: 1, completionTokens: 10, seconds: 2, edgeDraws: 1 },
  }
}
const collect = (maxTries?: number) =>
  new BatchCollector({ promptsPerStep: 3, ...(maxTries === undefined ? {} : { dynamicSampling: { maxTries } }) })
const ids = (batch: ReturnType<BatchCollector['batch']>) => [...new Set(batch.graded.map(({ promptId }) => promptId))]

describe('BatchCollector', () => {
  it('takes one round as it comes where dynamic sampling is off', () => {
    const collector = collect()
    expect(collector.wanted).toBe(3)
    collector.add(
      round([
        ['a', [0, 0]],
        ['b', [1, 1]],
        ['c', [0, 1]],
      ]),
    )
    expect(collector.wanted).toBe(0)
    const batch = collector.batch()
    expect(ids(batch)).toEqual(['a', 'b', 'c'])
    expect(batch.metrics).toEqual({})
    expect(batch.statistics).toEqual({ promptTokens: 1, completionTokens: 10, seconds: 2, edgeDraws: 1 })
  })

  it('asks for as many prompts as lack a signal, and trains on those that have one', () => {
    const collector = collect(4)
    collector.add(
      round([
        ['a', [0, 0]],
        ['b', [1, 0]],
        ['c', [1, 1]],
      ]),
    )
    expect([collector.wanted, collector.sampled]).toEqual([2, 3])
    collector.add(
      round(
        [
          ['d', [0, 1]],
          ['e', [0, 0]],
        ],
        5,
      ),
    )
    expect([collector.wanted, collector.sampled]).toEqual([1, 5])
    collector.add(round([['f', [1, 0]]]))
    expect(collector.wanted).toBe(0)
    const batch = collector.batch()
    expect(ids(batch)).toEqual(['b', 'd', 'f'])
    expect(batch.graded.map(({ completion }) => completion.prompt)).toEqual([0, 0, 1, 1, 2, 2])
    expect(batch.prompts.map(({ tokens }) => String.fromCharCode(tokens[0]!))).toEqual(['b', 'd', 'f'])
    // 3 groups of 2 x 2 tokens, 2 of 2 x 5, 1 of 2 x 2: 36, of which b, d and f have 4 + 10 + 4.
    expect(batch.metrics).toEqual({
      resample_tries: 2,
      sampled_prompts: 6,
      sampled_tokens: 36,
      sampled_tokens_discarded: 18,
      // Rewards 1 + 2 + 1 + 1 of b, c, d and f, over 12 completions.
      sampled_reward_mean: 5 / 12,
      sampled_zero_signal_fraction: 0.5,
    })
    expect(batch.statistics).toEqual({ promptTokens: 3, completionTokens: 30, seconds: 6, edgeDraws: 3 })
  })

  it('fills up with the first groups without a signal when the tries are used up', () => {
    const collector = collect(1)
    collector.add(
      round([
        ['a', [0, 0]],
        ['b', [1, 1]],
        ['c', [0, 0]],
      ]),
    )
    collector.add(
      round([
        ['d', [0, 0]],
        ['e', [0, 1]],
        ['f', [0, 0]],
      ]),
    )
    expect(collector.wanted).toBe(0)
    const batch = collector.batch()
    expect(ids(batch)).toEqual(['a', 'b', 'e'])
    expect(batch.metrics).toMatchObject({ resample_tries: 1, sampled_zero_signal_fraction: 5 / 6 })
  })

  it('needs no second round where every group has a signal', () => {
    const collector = collect(4)
    collector.add(
      round([
        ['a', [0, 1]],
        ['b', [1, 0]],
        ['c', [1, 0]],
      ]),
    )
    expect(collector.wanted).toBe(0)
    expect(collector.batch().metrics).toMatchObject({ resample_tries: 0, sampled_tokens_discarded: 0 })
  })

  it('averages the mass that truncation cut away over the tokens', () => {
    const collector = collect(1)
    const first = round([
      ['a', [0, 0]],
      ['b', [1, 0]],
      ['c', [0, 1]],
    ])
    const second = round([['d', [0, 1]]])
    collector.add({ ...first, statistics: { ...first.statistics, truncatedMass: 0.1 } })
    collector.add({ ...second, statistics: { ...second.statistics, completionTokens: 30, truncatedMass: 0.3 } })
    // (10 x 0.1 + 30 x 0.3) / 40
    expect(collector.batch().statistics.truncatedMass).toBeCloseTo(0.25, 12)
  })

  it('replaces groups that only further rewards tell apart, unless the recipe says otherwise', () => {
    const shaped = round([
      ['a', [-0.5, -1]],
      ['b', [-0.25, -0.5]],
      ['c', [1, -1]],
    ])
    const graded = shaped.graded.map((entry) => ({ ...entry, taskReward: entry.reward === 1 ? 1 : 0 }))
    const wanted = (signal?: 'task' | 'reward') => {
      const collector = new BatchCollector({ promptsPerStep: 3, dynamicSampling: { maxTries: 2 }, signal })
      collector.add({ ...shaped, graded })
      return collector.wanted
    }
    expect(wanted()).toBe(2)
    expect(wanted('task')).toBe(2)
    expect(wanted('reward')).toBe(0)
  })
})
