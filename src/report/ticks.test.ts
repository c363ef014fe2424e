import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTicks, niceTicks, ticksWithin } from './ticks.js'

describe('niceTicks', () => {
  it('encloses the range in round steps', () => {
    expect(niceTicks(0.03, 0.52, 3)).toEqual([0, 0.2, 0.4, 0.6])
    expect(niceTicks(1, 60, 6, true)).toEqual([0, 10, 20, 30, 40, 50, 60])
    expect(niceTicks(2, 2, 2)).toEqual([1.8, 2, 2.2])
  })

  it('is increasing, evenly spaced and not too long for any range', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (min, width, count) => {
          const ticks = niceTicks(min, min + width, count)
          const step = ticks[1] - ticks[0]
          expect(ticks[0]).toBeLessThanOrEqual(min + step * 1e-6)
          expect(ticks.at(-1)).toBeGreaterThanOrEqual(min + width - step * 1e-6)
          expect(ticks.length).toBeLessThanOrEqual(count + 3)
          for (let i = 1; i < ticks.length; i++)
            expect(Math.abs(ticks[i] - ticks[i - 1] - step)).toBeLessThan(step * 1e-3)
        },
      ),
    )
  })

  it('ends for ranges that a double can hardly tell apart', () => {
    for (const [min, max] of [
      [1, 1 + 2e-16],
      [0, 5e-324],
      [1e300, 1e300],
      [-1e-200, 1e-200],
    ]) {
      const ticks = niceTicks(min, max, 4)
      expect(ticks.length).toBeGreaterThan(1)
      expect(ticks.length).toBeLessThan(10)
    }
  })

  it('keeps to whole numbers when asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (min, width) => {
        for (const tick of ticksWithin(min, min + width, 5, true)) expect(Number.isInteger(tick)).toBe(true)
      }),
    )
  })
})

describe('formatTicks', () => {
  it('gives all ticks the same decimals', () => {
    expect(formatTicks([0, 0.25, 0.5])).toEqual(['0.00', '0.25', '0.50'])
    expect(formatTicks([0, 10, 20])).toEqual(['0', '10', '20'])
    expect(formatTicks([0, 2e-6, 4e-6])).toEqual(['0', '2e-6', '4e-6'])
  })
})
