import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ObjectiveOptions, type ObjectiveToken, tokenObjective } from './objective.js'

const options = (changes: Partial<ObjectiveOptions> = {}): ObjectiveOptions => ({
  clipLow: 0.2,
  clipHigh: 0.3,
  importanceCap: Number.POSITIVE_INFINITY,
  klCoef: 0,
  klEstimator: 'k3',
  entropyCoef: 0,
  ...changes,
})

/** A token of ratio r under a rollout probability of 1/4. */
const token = (ratio: number, advantage: number, changes: Partial<ObjectiveToken> = {}): ObjectiveToken => ({
  logprob: Math.log(0.25 * ratio),
  rolloutLogprob: Math.log(0.25),
  advantage,
  entropy: 1.5,
  ...changes,
})

describe('the objective of a token', () => {
  // min(r A, clip(r, 0.8, 1.3) A); its slope in log p is r A, 0 where the clip holds.
  it.each([
    [1, 2, 2, 2, false],
    [1.2, 2, 2.4, 2.4, false],
    [1.5, 2, 2.6, 0, true],
    [0.5, 2, 1, 1, false],
    [1, -2, -2, -2, false],
    [0.9, -2, -1.8, -1.8, false],
    [0.5, -2, -1.6, 0, true],
    [1.5, -2, -3, -3, false],
    [7, 0, 0, 0, false],
    [0.1, 0, 0, 0, false],
  ])('r = %f, A = %f: value %f, slope %f, clipped %s', (ratio, advantage, value, slope, clipped) => {
    const found = tokenObjective(token(ratio, advantage), options())
    expect(found.value).toBeCloseTo(value, 12)
    expect(found.slope).toBeCloseTo(slope, 12)
    expect(found.clipped).toBe(clipped)
    expect(found.ratio).toBeCloseTo(ratio, 12)
    expect(found.kl).toBeUndefined()
  })

  it('is open on a side whose bound is infinite', () => {
    const open = options({ clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY })
    expect(tokenObjective(token(50, 1), open)).toMatchObject({ clipped: false, slope: expect.closeTo(50, 9) })
    expect(tokenObjective(token(0.01, -1), open)).toMatchObject({ clipped: false, slope: expect.closeTo(-0.01, 9) })
  })

  it('caps the importance weight, as a constant', () => {
    const capped = options({ importanceCap: 2, clipHigh: Number.POSITIVE_INFINITY })
    expect(tokenObjective(token(5, 1.5), capped)).toMatchObject({ value: 3, slope: 3, clipped: false })
    expect(tokenObjective(token(5, -1.5), capped)).toMatchObject({ value: -3, slope: -3, clipped: false })
    expect(tokenObjective(token(1.5, 2), capped).slope).toBeCloseTo(3, 12)
    // The clip looks at the ratio itself.
    expect(tokenObjective(token(5, 1), options({ importanceCap: 1.1 }))).toMatchObject({ clipped: true, slope: 0 })
  })

  // cap 0.5 under bounds of 0.8 and 1.3: what A is multiplied by is at most 0.5, on both sides of the clip.
  it.each([
    [1, -2, -1, -1, false],
    [0.81, -2, -1, -1, false],
    [0.79, -2, -1, 0, true],
    [0.4, -2, -1, 0, true],
    [1, 2, 1, 1, false],
    [1.4, 2, 1, 0, true],
    [0.4, 2, 0.8, 0.8, false],
  ])('under a cap of 0.5: r = %f, A = %f: value %f, slope %f, clipped %s', (ratio, advantage, ...expected) => {
    const { value, slope, clipped } = tokenObjective(token(ratio, advantage), options({ importanceCap: 0.5 }))
    expect(value).toBeCloseTo(expected[0], 12)
    expect(slope).toBeCloseTo(expected[1], 12)
    expect(clipped).toBe(expected[2])
  })

  it('has a value that is its slope wherever the gradient flows, and no jump at the clip, whatever the cap', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 8, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }).filter((A) => A !== 0),
        fc.double({ min: 0.1, max: 6, noNaN: true }),
        fc.constantFrom(undefined, 3),
        (ratio, advantage, importanceCap, dualClip) => {
          const chosen = options({ importanceCap, dualClip })
          const { value, slope, clipped } = tokenObjective(token(ratio, advantage), chosen)
          if (!clipped) expect(value).toBe(slope)
          else expect(slope).toBe(0)
          expect(Math.abs(value)).toBeLessThanOrEqual(importanceCap * Math.abs(advantage) * (1 + 1e-12))
          const near = tokenObjective(token(ratio * (1 + 1e-9), advantage), chosen).value
          expect(Math.abs(near - value)).toBeLessThan(1e-7)
        },
      ),
    )
  })

  it('subtracts the KL estimate to the reference', () => {
    // p_ref / p = 2: k3 = 2 - 1 - ln 2, k2 = (ln 2)^2 / 2; -d k3 / d log p = 2 - 1, -d k2 / d log p = ln 2.
    const given = token(1, 0, { referenceLogprob: Math.log(0.5) })
    const k3 = tokenObjective(given, options({ klCoef: 0.1 }))
    expect(k3.kl).toBeCloseTo(1 - Math.LN2, 12)
    expect(k3.value).toBeCloseTo(-0.1 * (1 - Math.LN2), 12)
    expect(k3.slope).toBeCloseTo(0.1, 12)
    const k2 = tokenObjective(given, options({ klCoef: 0.1, klEstimator: 'k2' }))
    expect(k2.kl).toBeCloseTo(Math.LN2 ** 2 / 2, 12)
    expect(k2.slope).toBeCloseTo(0.1 * Math.LN2, 12)
  })

  it('keeps its KL slope where the clip stops the surrogate', () => {
    const found = tokenObjective(token(2, 1, { referenceLogprob: Math.log(0.5) - 0.3 }), options({ klCoef: 0.5 }))
    expect(found.clipped).toBe(true)
    expect(found.slope).toBeCloseTo(0.5 * Math.expm1(-0.3), 12)
  })

  it('adds the entropy bonus to the value alone', () => {
    const found = tokenObjective(token(1, 1), options({ entropyCoef: 0.2 }))
    expect(found.value).toBeCloseTo(1 + 0.2 * 1.5, 12)
    expect(found.slope).toBe(1)
  })

  it('has the slope of its value’s finite difference wherever it is smooth', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 4, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: -6, max: 0, noNaN: true }),
        fc.constantFrom<'k2' | 'k3'>('k2', 'k3'),
        fc.constantFrom(0, 0.1, 2),
        (ratio, advantage, referenceLogprob, klEstimator, klCoef) => {
          fc.pre(Math.abs(ratio - 0.8) > 1e-3 && Math.abs(ratio - 1.3) > 1e-3)
          const given = token(ratio, advantage, { referenceLogprob })
          const chosen = options({ klCoef, klEstimator })
          const h = 1e-5
          const value = (logprob: number) => tokenObjective({ ...given, logprob }, chosen).value
          const difference = (value(given.logprob + h) - value(given.logprob - h)) / (2 * h)
          const { slope } = tokenObjective(given, chosen)
          expect(Math.abs(difference - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)))
        },
      ),
    )
  })
})
