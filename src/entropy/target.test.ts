import { describe, expect, it } from 'vitest'
import { entropyTarget, targetAt } from './target.js'

describe('the target of a step', () => {
  it('is a constant', () => {
    expect([1, 50, 1000].map((step) => targetAt(0.4, step))).toEqual([0.4, 0.4, 0.4])
  })

  it('is a line from step 1 to its last, and stays there', () => {
    const target = { from: 1, to: 0.5, steps: 11 }
    expect([1, 6, 11, 200].map((step) => targetAt(target, step))).toEqual([1, 0.75, 0.5, 0.5])
    expect(targetAt({ from: 1, to: 0.5, steps: 1 }, 1)).toBe(0.5)
  })

  it('joins the points of a list by lines', () => {
    const target: [number, number][] = [
      [10, 0.5],
      [20, 0.7],
      [30, 0.2],
    ]
    expect([1, 10, 15, 20, 28, 30, 99].map((step) => Number(targetAt(target, step).toFixed(12)))).toEqual([
      0.5, 0.5, 0.6, 0.7, 0.3, 0.2, 0.2,
    ])
  })

  it.each([
    -0.1,
    'high',
    [],
    [[0, 1]],
    [[1.5, 1]],
    [
      [5, 1],
      [5, 2],
    ],
    { from: 1, to: 2 },
    { from: 1, to: 2, steps: 0 },
  ])('refuses %j', (value) => {
    expect(entropyTarget.safeParse(value).success).toBe(false)
  })
})
