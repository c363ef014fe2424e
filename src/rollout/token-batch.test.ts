import { describe, expect, it } from 'vitest'
import { joinTokens } from './token-batch.js'
import type { TokenStatistics } from './types.js'

const statistics = (...values: number[]): TokenStatistics => {
  const floats = (factor: number) => Float32Array.from(values, (value) => factor * value)
  return {
    logprob: floats(-1),
    entropy: floats(2),
    sumP2: floats(3),
    sumP2LogP: floats(4),
    S: floats(5),
    expectedS: floats(6),
    sumS2: floats(7),
  }
}

describe('joinTokens', () => {
  it('puts completions behind empty entries for their prompts', () => {
    const batch = joinTokens([
      { statistics: statistics(1, 2), promptLength: 3, advantage: -0.5 },
      { statistics: statistics(4), advantage: [9] },
      { statistics: statistics(8), promptLength: 1 },
    ])
    expect(batch.starts).toEqual([0, 5, 6])
    expect([...batch.isPolicyToken]).toEqual([0, 0, 0, 1, 1, 1, 0, 1])
    expect([...batch.S]).toEqual([0, 0, 0, 5, 10, 20, 0, 40])
    expect([...batch.expectedS]).toEqual([0, 0, 0, 6, 12, 24, 0, 48])
    expect([...batch.sumS2]).toEqual([0, 0, 0, 7, 14, 28, 0, 56])
    expect([...batch.entropy]).toEqual([0, 0, 0, 2, 4, 8, 0, 16])
    expect([...batch.logprob]).toEqual([0, 0, 0, -1, -2, -4, 0, -8])
    expect([...batch.advantage]).toEqual([0, 0, 0, -0.5, -0.5, 9, 0, 0])
  })

  it('wants an advantage for every token of the completion, or one for all', () => {
    expect(() => joinTokens([{ statistics: statistics(1, 2), promptLength: 3, advantage: [1] }])).toThrow(
      'sequence 0 has 2 tokens, and 1 advantages',
    )
  })
})
