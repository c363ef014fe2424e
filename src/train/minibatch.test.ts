import { describe, expect, it } from 'vitest'
import type { Completion, TokenStatistics } from '../rollout/types.js'
import type { TrainItem } from './batch.js'
import { Minibatch } from './minibatch.js'
import { PromptGroups } from './prompt-groups.js'

function item(group: number, sample: number, tokens: number[], counts = true): TrainItem {
  const values = () => Float32Array.from(tokens, (id) => id / 8)
  const [logprob, entropy] = [values(), values()]
  const completion = { prompt: group, sample, tokens: Int32Array.from(tokens), finish: 'stop', logprob, entropy }
  return {
    group,
    prompt: Int32Array.of(100 + group),
    completion: completion as unknown as Completion,
    advantage: Float32Array.from(tokens, () => group),
    counts,
  }
}

// Prompts 5 and 2 of a step, interleaved; the third completion is truncated and masked.
const items = [item(5, 0, [1, 2]), item(2, 0, [3]), item(5, 1, [4, 5, 6], false), item(2, 1, [7, 8])]
const statisticsOf = ({ completion: { tokens } }: TrainItem) =>
  Object.fromEntries(
    ['logprob', 'entropy', 'S', 'expectedS', 'sumS2'].map((name) => [name, Float32Array.from(tokens)]),
  ) as unknown as TokenStatistics

describe('PromptGroups', () => {
  const groups = new PromptGroups(items)

  it('keeps prompts in order of appearance, and their items together', () => {
    expect(groups.members).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect(groups.map(({ completion }, i) => [i, completion.tokens.length])).toEqual([
      {
        prompt: Int32Array.of(105),
        completions: [
          [0, 2],
          [2, 3],
        ],
      },
      {
        prompt: Int32Array.of(102),
        completions: [
          [1, 1],
          [3, 2],
        ],
      },
    ])
    expect(groups.item(1, 1)).toBe(items[3])
  })

  it('finds the way back to the items’ order', () => {
    expect(groups.inItemOrder(groups.map((_, i) => `item ${i}`).map(({ completions }) => completions))).toEqual([
      'item 0',
      'item 1',
      'item 2',
      'item 3',
    ])
  })
})

describe('Minibatch', () => {
  const batchOf = (aggregation: 'token' | 'sequence' | 'constant') =>
    new Minibatch(items, new PromptGroups(items), items.map(statisticsOf), { aggregation, constantLength: 4 })

  it('has the tokens of all items, one after the other', () => {
    const { tokens, policyTokens } = batchOf('token')
    expect([...tokens.S]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect([...tokens.advantage]).toEqual([5, 5, 2, 5, 5, 5, 2, 2])
    expect([...tokens.rolloutLogprob]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((id) => id / 8))
    expect([...tokens.isPolicyToken]).toEqual([1, 1, 1, 0, 0, 0, 1, 1])
    expect(policyTokens).toBe(5)
  })

  it.each([
    ['token', [1 / 5, 1 / 5, 1 / 5, 0, 0, 0, 1 / 5, 1 / 5]],
    ['sequence', [1 / 6, 1 / 6, 1 / 3, 0, 0, 0, 1 / 6, 1 / 6]],
    ['constant', [1 / 12, 1 / 12, 1 / 12, 0, 0, 0, 1 / 12, 1 / 12]],
  ] as const)('weighs every token by %s', (aggregation, weights) => {
    expect([...batchOf(aggregation).weight]).toEqual(weights)
  })

  it('names the policy tokens that nothing can be computed from', () => {
    expect(batchOf('token').notFinite()).toBeUndefined()
    const withValues = (change: (item: TrainItem, i: number) => TrainItem, statistics = items.map(statisticsOf)) =>
      new Minibatch(items.map(change), new PromptGroups(items), statistics, { aggregation: 'token', constantLength: 4 })
    // 1e39 is beyond float32; the third completion's tokens are not the policy's.
    const huge = withValues((item, i) => (i > 1 ? { ...item, advantage: item.advantage.map(() => 1e39) } : item))
    expect(huge.notFinite()).toEqual({
      what: 'advantage',
      tokens: [
        { group: 2, completion: 1, position: 0 },
        { group: 2, completion: 1, position: 1 },
      ],
    })
    const broken = items.map(statisticsOf)
    broken[0].expectedS[1] = Number.NaN
    const place = { group: 5, completion: 0, position: 1 }
    expect(withValues((item) => item, broken).notFinite()).toEqual({ what: 'entropy statistics', tokens: [place] })
    broken[0].logprob[1] = Number.NEGATIVE_INFINITY
    expect(withValues((item) => item, broken).notFinite()).toEqual({ what: 'loss', tokens: [place] })
  })

  it('visits the policy tokens alone', () => {
    const seen: number[][] = []
    batchOf('token').eachPolicyToken((...place) => seen.push(place))
    expect(seen).toEqual([
      [0, 0, 0],
      [0, 1, 1],
      [1, 0, 2],
      [3, 0, 6],
      [3, 1, 7],
    ])
  })
})
