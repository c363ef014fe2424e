import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { truncatedImportance } from './importance.js'

const drawn = (logprob: number[], samplerLogprob?: number[]) => ({
  tokens: new Int32Array(logprob.length),
  logprob: Float32Array.from(logprob),
  ...(samplerLogprob ? { samplerLogprob: Float32Array.from(samplerLogprob) } : {}),
})
const log = Math.log

describe('truncated importance weights', () => {
  // Ratios p / q of 2, 1/2 | 4.
  const completions = [drawn([log(0.5), log(0.25)], [log(0.25), log(0.5)]), drawn([log(0.8)], [log(0.2)])]

  it('are min(cap, p / q) per token', () => {
    const { weights, metrics } = truncatedImportance(completions, { level: 'token', cap: 3 })
    expect(weights.map((one) => [...one].map((w) => Math.round(w * 1e4) / 1e4))).toEqual([[2, 0.5], [3]])
    expect(metrics.gap_mean).toBeCloseTo((log(2) + log(2) + log(4)) / 3, 5)
    expect(metrics.gap_max).toBeCloseTo(log(4), 5)
    expect(metrics.gap_capped_share).toBeCloseTo(1 / 3, 10)
    expect(metrics.gap_effective_share).toBeCloseTo(5.5 ** 2 / (3 * (4 + 0.25 + 9)), 5)
  })

  it('are the product over a completion per sequence', () => {
    const { weights, metrics } = truncatedImportance(completions, { level: 'sequence', cap: 3 })
    expect(weights.map((one) => [...one].map((w) => Math.round(w * 1e4) / 1e4))).toEqual([[1, 1], [3]])
    expect(metrics.gap_capped_share).toBe(0.5)
    expect(metrics.gap_effective_share).toBeCloseTo(16 / (2 * 10), 5)
  })

  it('are 1, with no metrics, where the backend sampled', () => {
    const { weights, metrics } = truncatedImportance([drawn([-1, -2])], { level: 'token', cap: 2 })
    expect([...weights[0]!]).toEqual([1, 1])
    expect(metrics).toEqual({})
  })

  it('lie between 0 and the cap, and their effective share between 0 and 1', () => {
    const value = fc.float({ min: -60, max: 0, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('token' as const, 'sequence' as const),
        fc.constantFrom(0.5, 2, Number.POSITIVE_INFINITY),
        (pairs, level, cap) => {
          const given = pairs.map((one) =>
            drawn(
              one.map(([p]) => p),
              one.map(([, q]) => q),
            ),
          )
          const { weights, metrics } = truncatedImportance(given, { level, cap })
          for (const w of weights.flatMap((one) => [...one])) expect(w >= 0 && w <= cap).toBe(true)
          const share = metrics.gap_effective_share!
          // Squares of weights without a cap can pass the largest number.
          if (!Number.isNaN(share)) expect(share >= 0 && share <= 1 + 1e-9).toBe(true)
          expect(metrics.gap_max).toBeGreaterThanOrEqual(metrics.gap_mean! - 1e-9)
        },
      ),
    )
  })
})
