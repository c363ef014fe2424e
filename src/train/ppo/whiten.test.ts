import { describe, expect, it } from 'vitest'
import { batchMoments, explainedVariance, whiten } from './whiten.js'

describe('statistics over a batch', () => {
  it('are those of all entries together', () => {
    // 1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14, over n - 1 = 3.
    expect(batchMoments([[1, 2], [], [3, 6]])).toEqual({ count: 4, mean: 3, variance: 14 / 3 })
    expect(batchMoments([[5]])).toEqual({ count: 1, mean: 5, variance: 0 })
  })

  it('whiten to mean 0 and variance 1, in place of each row', () => {
    const rows = whiten([[1, 2], [3, 6, -40], [0.5]])
    expect(rows.map(({ length }) => length)).toEqual([2, 3, 1])
    const { mean, variance } = batchMoments(rows)
    expect(mean).toBeCloseTo(0, 12)
    expect(variance).toBeCloseTo(1, 9)
  })

  it('make equal advantages 0 rather than not-a-number', () => {
    expect(whiten([[3, 3], [3]]).map((row) => [...row])).toEqual([[0, 0], [0]])
    expect(whiten([[3]]).map((row) => [...row])).toEqual([[0]])
  })
})

describe('explained variance', () => {
  it('is 1 for the returns themselves, also with a constant added, and 0 for their mean', () => {
    const returns = [[1, 2], [4]]
    expect(explainedVariance(returns, returns)).toBe(1)
    expect(explainedVariance([[11, 12], [14]], returns)).toBeCloseTo(1, 12)
    expect(explainedVariance([[7, 7], [7]], returns)).toBeCloseTo(0, 12)
    // Residuals 2 R: four times the variance.
    expect(explainedVariance([[-1, -2], [-4]], returns)).toBeCloseTo(-3, 12)
  })

  it('does not exist where the returns do not vary', () => {
    expect(explainedVariance([[1, 2]], [[3, 3]])).toBeNaN()
  })
})
