import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clipCertainty, sigmaInterval } from './certainty.js'
import type { Interval } from './interval.js'
import { clipB } from './methods/clip-b.js'
import { clipV } from './methods/clip-v.js'
import { meanAndSigma } from './statistics.js'

const points = (values: number[]): Interval[] => values.map((value) => [value, value])
const sigmaOf = (values: number[]) => meanAndSigma((i) => values[i], Array(values.length).fill(1)).sigma

describe('sigmaInterval', () => {
  it('is sigma where nothing is uncertain', () => {
    // mean 1, variance (1 + 1 + 1 + 9) / 4
    const [low, high] = sigmaInterval(points([0, 0, 0, 4]))
    expect(low).toBeCloseTo(Math.sqrt(3), 8)
    expect(high).toBeCloseTo(Math.sqrt(3), 8)
  })

  it('is known for two intervals', () => {
    // [0, 1] and [3, 5]: sigma is half the distance, 2 / 2 to 5 / 2
    const [low, high] = sigmaInterval([
      [0, 1],
      [3, 5],
    ])
    expect(low).toBeCloseTo(1, 8)
    expect(high).toBeCloseTo(2.5, 8)
    // intervals that share a point may all be there
    expect(
      sigmaInterval([
        [0, 2],
        [1, 5],
      ])[0],
    ).toBe(0)
  })
})

describe('clipCertainty', () => {
  // multiples of 1/64 at odd mu, so that no rounding decides
  const token = fc.record({
    middle: fc.integer({ min: -192, max: 192 }).map((x) => x / 64),
    radius: fc.integer({ min: 0, max: 32 }).map((x) => x / 64),
    // where in its interval the truth lies
    at: fc.constantFrom(-1, -0.5, 0, 0.5, 1),
    advantage: fc.integer({ min: -2, max: 2 }),
  })
  const options = fc.oneof(
    fc.constant({ preset: 'trinity' as const }),
    fc.record({
      muLow: fc.constantFrom(0.2123, 1.1417, 2.0123, Number.POSITIVE_INFINITY),
      muHigh: fc.constantFrom(0.2123, 1.1417, 2.0123, Number.POSITIVE_INFINITY),
      applyTo: fc.constantFrom('all' as const, 'negative' as const, 'positive' as const),
      maxFraction: fc.constantFrom(0, 0.2, 1),
    }),
  )

  it.each(['B', 'V'] as const)('Clip_%s: what is certain comes true, whatever the truth', (clip) => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 30 }), options, (tokens, o) => {
        const intervals = tokens.map(({ middle, radius }): Interval => [middle - radius, middle + radius])
        const truth = tokens.map(({ middle, radius, at }) => middle + at * radius)
        const advantage = Float64Array.from(tokens, (t) => t.advantage)
        const certainty = clipCertainty(clip, intervals, advantage, o)
        const result = (clip === 'B' ? clipB : clipV)(
          {
            S: Float64Array.from(truth),
            expectedS: new Float64Array(truth.length),
            advantage,
            isPolicyToken: new Uint8Array(truth.length).fill(1),
          },
          o,
        )
        certainty.verdicts.forEach((verdict, t) => {
          if (verdict !== 'possible') expect(verdict).toBe(result.mask[t] ? 'kept' : 'masked')
        })
        for (const name of ['mean', 'sigma', 'low', 'high'] as const) {
          const [low, high] = certainty[name]
          expect(result[name]).toBeGreaterThanOrEqual(low - 1e-12)
          expect(result[name]).toBeLessThanOrEqual(high + 1e-12)
        }
        expect(sigmaOf(truth)).toBeLessThanOrEqual(certainty.sigma[1])
      }),
      { numRuns: 500 },
    )
  })

  it('is certain of everything where scores are certain', () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 2, maxLength: 30 }), (tokens) => {
        const certain = points(tokens.map(({ middle }) => middle))
        const A = tokens.map((t) => t.advantage)
        // mu no score lies on
        const { verdicts } = clipCertainty('B', certain, A, { muLow: 0.7123, muHigh: 0.7123 })
        expect(verdicts).not.toContain('possible')
      }),
    )
  })

  it('tells the three apart', () => {
    // Clip_V: sigma of about 1.6 to 2.2, thresholds at -sigma
    const scores: Interval[] = [...points([1, 1, 1]), [-1.1, -0.9], [-2.4, -1.4], [-5, -4]]
    const { verdicts } = clipCertainty('V', scores, Array(6).fill(-1), { muLow: 1, muHigh: Number.POSITIVE_INFINITY })
    expect(verdicts).toEqual(['kept', 'kept', 'kept', 'kept', 'possible', 'masked'])
    // a cap of one takes the farthest for certain, which leaves none for the other
    const options = { muLow: 1, muHigh: Number.POSITIVE_INFINITY, maxFraction: 0.2 }
    expect(clipCertainty('V', scores, Array(6).fill(-1), options).verdicts[4]).toBe('kept')
  })

  it('refuses what is no batch', () => {
    const o = { muLow: 1, muHigh: 1 }
    expect(() => clipCertainty('B', [], [], o)).toThrow('no policy tokens')
    expect(() => clipCertainty('B', points([1]), [], o)).toThrow('0 advantages for 1 scores')
    expect(() => clipCertainty('B', [[1, 0]], [1], o)).toThrow('token 0 has the score [1, 0]')
    expect(() => clipCertainty('B', points([Number.NaN]), [1], o)).toThrow('token 0')
    expect(() => clipCertainty('B', points([0]), [Number.NaN], o)).toThrow('advantage NaN')
    expect(() => clipCertainty('B', points([0]), [1], {})).toThrow('muLow is not given')
  })
})
