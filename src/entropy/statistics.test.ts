import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { covariance, meanAndSigma } from './statistics.js'

describe('meanAndSigma', () => {
  it('divides by n, over policy tokens', () => {
    const values = [1, 99, 3, 5]
    // mean (1 + 3 + 5) / 3 = 3, variance (4 + 0 + 4) / 3
    expect(meanAndSigma((i) => values[i], [1, 0, 1, 1])).toEqual({ mean: 3, sigma: Math.sqrt(8 / 3), count: 3 })
  })

  it('is 0 for equal values, whatever they are', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.integer({ min: 1, max: 50 }), (x, n) => {
        const result = meanAndSigma(() => x, Array(n).fill(1))
        expect(result.sigma).toBe(0)
        expect(result.mean).toBe(x === 0 ? 0 : x)
      }),
    )
  })

  it('keeps the digits of a small spread on a large mean', () => {
    // deviations of 1/1024 around 1e6: in one pass, mean of squares minus square of mean, they would be lost
    const values = [1e6 - 2 ** -10, 1e6 + 2 ** -10]
    expect(meanAndSigma((i) => values[i], [1, 1]).sigma).toBe(2 ** -10)
  })
})

describe('covariance', () => {
  it('divides by n, over all values or policy tokens', () => {
    // means 2 and 4; ((-1)(-2) + 0 x 2 + 1 x 0) / 3 = 2/3
    expect(covariance([1, 2, 3], [2, 6, 4])).toBeCloseTo(2 / 3, 15)
    expect(covariance([1, Number.NaN, 2, 3], [2, 0, 6, 4], [1, 0, 1, 1])).toBeCloseTo(2 / 3, 15)
  })

  it('is symmetric, bilinear, and blind to constants', () => {
    const xs = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), { minLength: 1 })
    fc.assert(
      fc.property(xs, fc.integer({ min: -5, max: 5 }), (pairs, a) => {
        const x = pairs.map((pair) => pair[0])
        const y = pairs.map((pair) => pair[1])
        expect(covariance(x, y)).toBe(covariance(y, x))
        const moved = x.map((value) => a * value + 7)
        expect(covariance(moved, y)).toBeCloseTo(a * covariance(x, y), 9)
      }),
    )
  })

  it('refuses other lengths, no values, and values that are not finite', () => {
    expect(() => covariance([1], [1, 2])).toThrow('covariance of 1 with 2 values')
    expect(() => covariance([1], [1], [1, 1])).toThrow('under a mask of 2')
    expect(() => covariance([], [])).toThrow('no values')
    expect(() => covariance([1], [1], [0])).toThrow('no values')
    expect(() => covariance([Number.NaN], [1])).toThrow('not finite')
  })
})
