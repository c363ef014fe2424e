import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ThresholdTokens, thresholdFor } from './threshold.js'

const tokens = (list: [deviation: number, effect: number, eligible?: number][]): ThresholdTokens => ({
  deviation: Float64Array.from(list, ([deviation]) => deviation),
  effect: Float64Array.from(list, ([, effect]) => effect),
  eligible: Uint8Array.from(list, ([, , eligible = 1]) => eligible),
})

describe('a bound for a wanted change', () => {
  // Lowering: -4, -2, -1 at deviations 3, 2, 1; raising: 3 and 1 at -3 and -1. The sum is -3.
  const five = tokens([
    [3, -4],
    [2, -2],
    [1, -1],
    [-3, 3],
    [-1, 1],
  ])

  it('masks lowering outliers, the farthest first, until the kept sum is closest', () => {
    // Without -4: 1; without -2 too: 3; closest to 2.5 is 3.
    expect(thresholdFor(five, { wanted: 1, cap: 5 })).toMatchObject({ bound: 2, kept: 1, unmasked: -3, maskedHigh: 1 })
    const result = thresholdFor(five, { wanted: 2.5, cap: 5 })
    expect(result).toMatchObject({ bound: 1, kept: 3, maskedLow: 0, maskedHigh: 2, saturated: false })
    expect([...result.masked]).toEqual([1, 1, 0, 0, 0])
  })

  it('masks raising outliers where less is wanted', () => {
    const result = thresholdFor(five, { wanted: -6, cap: 5 })
    expect(result).toMatchObject({ bound: 1, kept: -6, maskedLow: 1, maskedHigh: 0, saturated: false })
    expect([...result.masked]).toEqual([0, 0, 0, 1, 0])
  })

  it('masks nothing where the unmasked sum is closest', () => {
    expect(thresholdFor(five, { wanted: -3, cap: 5 })).toMatchObject({ bound: Infinity, kept: -3 })
    // Without -4 the sum is 1: 3.4 from -2.4, and -3 is 0.6 from it.
    expect(thresholdFor(five, { wanted: -2.4, cap: 5 })).toMatchObject({ bound: Infinity, saturated: false })
  })

  it('stops at the cap, and at the end of what opposes, and says so', () => {
    expect(thresholdFor(five, { wanted: 4, cap: 1 })).toMatchObject({ kept: 1, saturated: true, bound: 2 })
    expect(thresholdFor(five, { wanted: 9, cap: 5 })).toMatchObject({ kept: 4, saturated: true, bound: 0 })
    expect(thresholdFor(tokens([]), { wanted: 1, cap: 0 })).toMatchObject({ kept: 0, saturated: true })
  })

  it('counts an offset that no mask changes', () => {
    expect(thresholdFor(five, { wanted: 1, cap: 5, offset: 4 })).toMatchObject({
      unmasked: 1,
      kept: 1,
      bound: Infinity,
    })
  })

  it('leaves out what may not be masked, and deviations of 0', () => {
    const some = tokens([
      [3, -4, 0],
      [0, -2],
      [1, -1],
    ])
    const result = thresholdFor(some, { wanted: 0, cap: 3 })
    expect([...result.masked]).toEqual([0, 0, 1])
    expect(result).toMatchObject({ kept: -6, saturated: true })
  })

  it('masks equals together or not at all', () => {
    const equal = tokens([
      [2, -1],
      [-2, -1],
      [2, -1],
      [1, -1],
    ])
    expect([...thresholdFor(equal, { wanted: -1.4, cap: 4 }).masked]).toEqual([1, 1, 1, 0])
    expect(thresholdFor(equal, { wanted: 0, cap: 2 })).toMatchObject({ kept: -4, saturated: true, bound: Infinity })
  })
})

const step = (n: number) => n / 16
const someTokens = fc
  .array(
    fc.tuple(
      fc.integer({ min: -40, max: 40 }).map(step),
      fc.integer({ min: -40, max: 40 }).map(step),
      fc.constantFrom(0, 1),
    ),
    { maxLength: 40 },
  )
  .map((list) => tokens(list))
const wish = fc.record({ wanted: fc.integer({ min: -400, max: 400 }).map(step), cap: fc.integer({ min: 0, max: 40 }) })

describe('properties of the bound', () => {
  it('masks by the bound alone, only what opposes, and never more than the cap', () => {
    fc.assert(
      fc.property(someTokens, wish, (given, { wanted, cap }) => {
        const { masked, bound, unmasked, kept, maskedLow, maskedHigh } = thresholdFor(given, { wanted, cap })
        let sum = 0
        let count = 0
        given.effect.forEach((effect, i) => {
          const opposes = wanted > unmasked ? effect < 0 : effect > 0
          const expected = given.eligible[i] && opposes && Math.abs(given.deviation[i]) > bound ? 1 : 0
          expect(masked[i]).toBe(expected)
          if (!masked[i]) sum += effect
          count += masked[i]
        })
        expect(kept).toBe(sum)
        expect(maskedLow + maskedHigh).toBe(count)
        expect(count).toBeLessThanOrEqual(cap)
      }),
    )
  })

  it('is never farther from what is wanted than no mask at all, and tighter for more', () => {
    fc.assert(
      fc.property(someTokens, wish, (given, { wanted, cap }) => {
        const result = thresholdFor(given, { wanted, cap })
        expect(Math.abs(result.kept - wanted)).toBeLessThanOrEqual(Math.abs(result.unmasked - wanted))
        const further = wanted > result.unmasked ? 1 : -1
        const more = thresholdFor(given, { wanted: wanted + further, cap })
        expect(more.bound).toBeLessThanOrEqual(result.bound)
      }),
    )
  })

  it('does not depend on the order of the tokens', () => {
    fc.assert(
      fc.property(someTokens, wish, (given, choice) => {
        const turned = {
          deviation: Float64Array.from(given.deviation).reverse(),
          effect: Float64Array.from(given.effect).reverse(),
          eligible: Uint8Array.from(given.eligible).reverse(),
        }
        const [one, other] = [thresholdFor(given, choice), thresholdFor(turned, choice)]
        expect(other.bound).toBe(one.bound)
        expect([...other.masked].reverse()).toEqual([...one.masked])
      }),
    )
  })
})
