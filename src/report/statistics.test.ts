import { describe, expect, it } from 'vitest'
import { correlation, extent, mean, quantile, signAgreement, slopeThroughOrigin } from './statistics.js'

describe('statistics', () => {
  it('skips what is no number', () => {
    expect(mean([1, undefined, Number.NaN, 3])).toBe(2)
    expect(mean([])).toBeUndefined()
    expect(extent([2, Number.POSITIVE_INFINITY, -1, null])).toEqual([-1, 2])
    expect(extent([])).toBeUndefined()
  })

  it('interpolates quantiles', () => {
    // Positions 0 .. 3; 0.5 lies halfway between 2 and 3.
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([4, 1, 3, 2], 1)).toBe(4)
    expect(quantile([], 0.5)).toBeUndefined()
  })

  it('correlates', () => {
    const line = [0, 1, 2, 3].map((x) => [x, 1 - 2 * x] as const)
    expect(correlation(line)).toBeCloseTo(-1, 12)
    // x: -1, 0, 1; y - mean: -1/3, 2/3, -1/3; sum xy = 0.
    expect(
      correlation([
        [0, 0],
        [1, 1],
        [2, 0],
      ]),
    ).toBeCloseTo(0, 12)
    expect(correlation(line.slice(0, 2))).toBeUndefined()
    expect(correlation(line.map(([, y]) => [1, y] as const))).toBeUndefined()
  })

  it('counts equal signs, zeros apart', () => {
    expect(
      signAgreement([
        [1, 2],
        [-1, 2],
        [-1, -2],
        [0, 1],
      ]),
    ).toEqual({ share: 2 / 3, count: 3 })
    expect(signAgreement([[0, 0]])).toBeUndefined()
  })

  it('fits a slope through the origin', () => {
    // (1 x 2 + 2 x 3) / (1 + 4)
    expect(
      slopeThroughOrigin([
        [1, 2],
        [2, 3],
      ]),
    ).toBe(8 / 5)
    expect(slopeThroughOrigin([[0, 1]])).toBeUndefined()
  })
})
