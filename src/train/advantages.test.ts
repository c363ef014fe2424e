import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advantageKinds, groupAdvantages } from './advantages.js'

describe('advantages', () => {
  // Rewards 1, 0, 0, 1 (mean 1/2, deviations +-1/2, std with n - 1: sqrt(4 x 1/4 / 3) = sqrt(1/3)) and 3, 0, 0
  // (mean 1, deviations 2, -1, -1).
  const rewards = [
    [1, 0, 0, 1],
    [3, 0, 0],
  ]

  it.each([
    [
      'group',
      [
        [1, -1, -1, 1].map((s) => (s * 0.5) / (Math.sqrt(1 / 3) + 1e-4)),
        [2, -1, -1].map((d) => d / (Math.sqrt(3) + 1e-4)),
      ],
    ],
    [
      'group-nostd',
      [
        [0.5, -0.5, -0.5, 0.5],
        [2, -1, -1],
      ],
    ],
    // R minus the mean of the others: 1 - 1/3 and 0 - 2/3; 3 - 0 and 0 - 3/2.
    [
      'leave-one-out',
      [
        [2 / 3, -2 / 3, -2 / 3, 2 / 3],
        [3, -1.5, -1.5],
      ],
    ],
    // The seven deviations have mean 0 and squares 4 x 1/4 + 6 = 7, so a variance of 7/6.
    [
      'batch',
      [
        [0.5, -0.5, -0.5, 0.5],
        [2, -1, -1],
      ].map((g) => g.map((d) => d / (Math.sqrt(7 / 6) + 1e-4))),
    ],
  ] as const)('%s, in closed form', (kind, expected) => {
    const found = groupAdvantages(rewards, kind)
    found.forEach((group, p) => {
      group.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[p][i], 12)
      })
    })
  })

  it.each(advantageKinds)('%s: a group of equal rewards gets exactly 0, whatever its rewards', (kind) => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 10, noNaN: true }), fc.integer({ min: 2, max: 17 }), (reward, n) => {
        const [same] = groupAdvantages([new Array<number>(n).fill(reward), [0, 1]], kind)
        expect(same.every((value) => value === 0)).toBe(true)
      }),
    )
    expect(groupAdvantages([[0.1, 0.1, 0.1]], kind)[0]).toEqual([0, 0, 0])
  })

  it.each(advantageKinds)('%s: sums to 0 in every group and keeps the rewards’ order', (kind) => {
    const group = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 9 })
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 5 }), (given) => {
        groupAdvantages(given, kind).forEach((found, p) => {
          const scale = Math.max(1, ...found.map(Math.abs))
          expect(Math.abs(found.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9 * scale * found.length)
          found.forEach((value, i) => {
            found.forEach((other, j) => {
              if (given[p][i] > given[p][j]) expect(value).toBeGreaterThanOrEqual(other)
            })
          })
        })
      }),
    )
  })

  it.each(advantageKinds)('%s: refuses a group of one, and rewards that are not finite', (kind) => {
    expect(() => groupAdvantages([[1, 0], [1]], kind)).toThrow(/group of one/)
    expect(() => groupAdvantages([[1, Number.NaN]], kind)).toThrow(/NaN/)
    expect(() => groupAdvantages([[1, Number.NEGATIVE_INFINITY]], kind)).toThrow(/Infinity/)
  })

  it.each(advantageKinds)('%s: gives exactly 0 where rewards differ by rounding alone', (kind) => {
    expect(groupAdvantages([[0.1 + 0.2, 0.3, 0.3]], kind)).toEqual([[0, 0, 0]])
    expect(groupAdvantages([[0.3, 0.300001]], kind)[0]![1]).toBeGreaterThan(0)
  })
})
