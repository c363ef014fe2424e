import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairedInterval, studentQuantile, studentWithin } from './paired-t.js'

describe('studentQuantile', () => {
  // Any table of the t distribution, two-sided 5 %.
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [5, 2.5706],
    [9, 2.2622],
    [30, 2.0423],
    [120, 1.9799],
  ])('97.5 %% at %d degrees of freedom is %d', (df, expected) => {
    expect(studentQuantile(0.975, df)).toBeCloseTo(expected, 4)
  })

  it('is Cauchy at one degree of freedom: P(|T| <= 1) = 1/2', () => {
    expect(studentWithin(1, 1)).toBeCloseTo(0.5, 14)
  })

  it('is the inverse of the distribution function', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 60 }), (p, df) => {
        expect((1 + studentWithin(studentQuantile(p, df), df)) / 2).toBeCloseTo(p, 9)
      }),
    )
  })

  it.each([
    [0.4, 3],
    [1, 3],
    [0.9, 0],
    [0.9, 1.5],
  ])('refuses p = %d, df = %d', (p, df) => {
    expect(() => studentQuantile(p, df)).toThrow(RangeError)
  })
})

describe('pairedInterval', () => {
  it('is mean +- t s / sqrt(n)', () => {
    // mean 3, s = sqrt((4 + 1 + 0 + 1 + 4) / 4) = sqrt(2.5), t(4) = 2.776445: half = 2.776445 sqrt(2.5 / 5)
    const { mean, deviation, low, high, n } = pairedInterval([1, 2, 3, 4, 5])
    expect([n, mean]).toEqual([5, 3])
    expect(deviation).toBeCloseTo(Math.sqrt(2.5), 14)
    expect(low).toBeCloseTo(3 - 2.776445 * Math.sqrt(0.5), 5)
    expect(high).toBeCloseTo(3 + 2.776445 * Math.sqrt(0.5), 5)
  })

  it('is a point where all differences are equal', () => {
    expect(pairedInterval([0.25, 0.25])).toMatchObject({ low: 0.25, high: 0.25 })
  })

  it.each([[[]], [[1]], [[1, Number.NaN]]])('refuses %j', (differences) => {
    expect(() => pairedInterval(differences)).toThrow(RangeError)
  })
})
