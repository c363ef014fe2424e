/** The surrogates of single tokens: derivatives by differences, and what happens at their bounds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ceGppo } from './ce-gppo.js'
import { binaryDivergence, dppo } from './dppo.js'
import { entropic } from './entropic.js'
import { icepop } from './icepop.js'
import { sapo } from './sapo.js'

const { log } = Math

describe('sapo', () => {
  const options = { tauPositive: 1, tauNegative: 1.05 }

  it('is r A at r = 1, and less on both sides', () => {
    expect(sapo(1, 2, options).slope).toBeCloseTo(2, 15)
    expect(sapo(1, -2, options).slope).toBeCloseTo(-2, 15)
    // 4 s (1 - s) r with s = sigma(1) = 0.731058578630004.
    expect(sapo(2, 1, options).slope).toBeCloseTo(1.5728954659318548, 14)
    expect(sapo(0.5, 1, options).slope).toBeLessThan(0.5)
  })

  it('has the slope of its value in log p', () => {
    const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
    fc.assert(
      fc.property(number(-4, 2), number(-3, 3), number(0.2, 5), number(0.2, 5), (x, A, tauPositive, tauNegative) => {
        const at = (logRatio: number) => sapo(Math.exp(logRatio), A, { tauPositive, tauNegative })
        const d = 1e-5
        const slope = (at(x + d).value - at(x - d).value) / (2 * d)
        expect(Math.abs(slope - at(x).slope)).toBeLessThan(1e-7 * (1 + Math.abs(slope)))
      }),
    )
  })

  it('closes at ratios of any size', () => {
    expect(sapo(Number.POSITIVE_INFINITY, 1, options)).toEqual({ value: 4, slope: 0, clipped: false })
    expect(sapo(0, 1, options).slope).toBe(0)
    // s rounds to 1 there, 1 - s is 5.1e-44.
    expect(sapo(101, 1, options).slope).toBeCloseTo((4 * 101) / Math.exp(100), 50)
  })

  it('takes its gate from r and its weight from the cap', () => {
    expect(sapo(2, 1, options, 1.5).slope).toBeCloseTo((1.5728954659318548 * 1.5) / 2, 14)
    expect(sapo(2, 1, options, 1.5).value).toBe(sapo(2, 1, options).value)
  })
})

describe('icepop', () => {
  const band = { low: 0.5, high: 5 }
  it('stops what lies outside of the band, for both signs of A, and trains at its bounds', () => {
    for (const A of [1, -1]) {
      expect(icepop(0.5, A, band)).toEqual({ value: 0.5 * A, slope: 0.5 * A, clipped: false })
      expect(icepop(5, A, band)).toEqual({ value: 5 * A, slope: 5 * A, clipped: false })
      expect(icepop(0.49, A, band)).toEqual({ value: 0, slope: 0, clipped: true })
      expect(icepop(5.01, A, band)).toEqual({ value: 0, slope: 0, clipped: true })
    }
    expect(icepop(4, 1, band, 2).slope).toBe(2)
  })
})

describe('dppo', () => {
  const tv = { divergence: 'tv', deltaLow: 0.1, deltaHigh: 0.2, cap: 20 } as const
  const at = (p: number, old: number, advantage: number, options: Parameters<typeof dppo>[1] = tv) =>
    dppo({ weight: p / old, advantage, logprob: log(p), rolloutLogprob: log(old) }, options)

  it('measures divergence of the token against all others', () => {
    expect(binaryDivergence('tv', log(0.7), log(0.4))).toBeCloseTo(0.3, 15)
    // 0.4 log(0.4/0.7) + 0.6 log(0.6/0.3)
    expect(binaryDivergence('kl', log(0.7), log(0.4))).toBeCloseTo(0.19204199316179815, 14)
    expect(binaryDivergence('kl', log(0.4), log(0.4))).toBe(0)
    // A certain token: 1 log(1 / 0.5); 0 log 0 counts nothing.
    expect(binaryDivergence('kl', log(0.5), 0)).toBeCloseTo(Math.LN2, 15)
    expect(binaryDivergence('kl', 0, log(0.5))).toBe(Number.POSITIVE_INFINITY)
    // Within 1e-12 of certainty: 1e-12 log(1e-12 / 2e-12) + (1 - 1e-12) log((1 - 1e-12) / (1 - 2e-12)).
    expect(binaryDivergence('kl', Math.log1p(-2e-12), Math.log1p(-1e-12)) / 3.0685281944e-13).toBeCloseTo(1, 3)
  })

  it('stops a token that has moved too far in the direction of A, and only such', () => {
    expect(at(0.55, 0.3, 1)).toEqual({ value: 0, slope: 0, clipped: true })
    expect(at(0.45, 0.3, 1).slope).toBeCloseTo(1.5, 14)
    expect(at(0.1, 0.3, 1).slope).toBeCloseTo(1 / 3, 14)
    expect(at(0.15, 0.3, -2)).toEqual({ value: 0, slope: 0, clipped: true })
    expect(at(0.25, 0.3, -2).slope).toBeCloseTo(-5 / 3, 14)
    expect(at(0.9, 0.3, -2).slope).toBeCloseTo(-6, 14)
    // PPO's clip would have stopped this one long ago: 0.001 to 0.1 moves the distribution by 0.099.
    expect(at(0.1, 0.001, 1).slope).toBe(20)
    expect(at(0.1, 0.001, 1, { ...tv, cap: Number.POSITIVE_INFINITY }).slope).toBeCloseTo(100, 10)
  })

  it('has a threshold for each divergence where none is given', () => {
    const tvDefault = { divergence: 'tv', cap: 20 } as const
    expect(at(0.55, 0.3, 1, tvDefault).clipped).toBe(true)
    expect(at(0.45, 0.3, 1, tvDefault).clipped).toBe(false)
    // D(0.3 || 0.45) = 0.3 log(2/3) + 0.7 log(7/5.5) = 0.047; of 0.3 and 0.46: 0.0534.
    expect(at(0.45, 0.3, 1, { ...tvDefault, divergence: 'kl' }).clipped).toBe(false)
    expect(at(0.46, 0.3, 1, { ...tvDefault, divergence: 'kl' }).clipped).toBe(true)
  })
})

describe('ce-gppo', () => {
  const bounds = { clipLow: 0.2, clipHigh: 0.28 }
  const betas = { betaLow: 0.75, betaHigh: 0.5 }
  const slope = (ratio: number, A: number) => ceGppo(ratio, A, bounds, betas).slope

  it('keeps a gradient of fixed size where PPO has none', () => {
    expect(slope(5, 2)).toBeCloseTo(0.5 * 1.28 * 2, 14)
    expect(slope(1.3, 2)).toBeCloseTo(0.5 * 1.28 * 2, 14)
    expect(slope(0.1, -2)).toBeCloseTo(-0.75 * 0.8 * 2, 14)
    expect(slope(5, -2)).toBe(-10)
    expect(slope(0.1, 2)).toBe(0.2)
    expect(slope(1.28, 1)).toBe(1.28)
    expect(ceGppo(5, 2, bounds, betas).clipped).toBe(false)
  })

  it('is PPO’s clip with weights of 0', () => {
    expect(ceGppo(5, 2, bounds, { betaLow: 0, betaHigh: 0 }).slope).toBe(0)
  })
})

describe('entropic', () => {
  const bounds = { clipLow: 0.2, clipHigh: 0.2 }
  const at = (p: number, ratio: number, advantage: number, alpha: number) =>
    entropic({ ratio, advantage, logprob: log(p) }, bounds, { alpha, probability: 0.95 })

  it('weighs likely tokens by 1 + alpha where A > 0 and 1 - alpha where A < 0', () => {
    expect(at(0.96, 1.1, 2, 0.4).slope).toBeCloseTo(1.4 * 2.2, 14)
    expect(at(0.96, 1.1, -2, 0.4).slope).toBeCloseTo(-0.6 * 2.2, 14)
    expect(at(0.96, 1.1, 2, -1).slope).toBeCloseTo(0, 14)
    expect(at(0.95, 1.1, 2, 0.4).slope).toBe(2.2)
    expect(at(0.5, 1.1, -2, 0.4).slope).toBe(-2.2)
  })

  it('adds its term where the clip stops the rest', () => {
    expect(at(0.96, 1.5, 2, 0.4)).toMatchObject({ slope: expect.closeTo(0.4 * 3, 14), clipped: false })
    expect(at(0.96, 1.5, 2, 0)).toMatchObject({ slope: 0, clipped: true })
    expect(at(0.5, 1.5, 2, 0.4)).toMatchObject({ slope: 0, clipped: true })
  })
})
