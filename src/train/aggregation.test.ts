import { describe, expect, it } from 'vitest'
import { tokenWeights } from './aggregation.js'

describe('weights of tokens', () => {
  // Four completions, the third masked as truncated: 10 policy tokens in 3 completions.
  const lengths = [5, 1, 0, 4]

  it.each([
    ['token', [1 / 10, 1 / 10, 0, 1 / 10]],
    ['sequence', [1 / 15, 1 / 3, 0, 1 / 12]],
    ['constant', [1 / 24, 1 / 24, 0, 1 / 24]],
  ] as const)('%s', (aggregation, expected) => {
    tokenWeights(lengths, aggregation, 8).forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected[i], 15)
    })
  })

  it.each(['token', 'sequence'] as const)('of a %s mean add up to 1 over all policy tokens', (aggregation) => {
    const weights = tokenWeights(lengths, aggregation, 8)
    expect(weights.reduce((total, weight, i) => total + weight * lengths[i], 0)).toBeCloseTo(1, 15)
  })
})
