import { describe, expect, it } from 'vitest'
import { adaptKlCoef } from './kl-controller.js'

describe('the adaptive KL coefficient', () => {
  const options = { target: 6, horizon: 10_000 }

  it('moves by the error within 20 %, times completions over the horizon', () => {
    // KL 6.6 against 6: error 0.1; 500 of 10,000 completions: 0.1 x 0.05.
    expect(adaptKlCoef(0.2, { kl: 6.6, completions: 500 }, options)).toBeCloseTo(0.2 * 1.005, 12)
    expect(adaptKlCoef(0.2, { kl: 5.4, completions: 500 }, options)).toBeCloseTo(0.2 * 0.995, 12)
    // Any larger error counts as 0.2.
    expect(adaptKlCoef(0.2, { kl: 600, completions: 500 }, options)).toBeCloseTo(0.2 * 1.01, 12)
    expect(adaptKlCoef(0.2, { kl: -3, completions: 500 }, options)).toBeCloseTo(0.2 * 0.99, 12)
    expect(adaptKlCoef(0.2, { kl: 6, completions: 500 }, options)).toBe(0.2)
  })

  it('changes by 20 % at most, and not at all where the KL cannot be measured', () => {
    expect(adaptKlCoef(1, { kl: 0, completions: 1e9 }, options)).toBeCloseTo(0.8, 12)
    expect(adaptKlCoef(1, { kl: Number.NaN, completions: 8 }, options)).toBe(1)
  })

  it('settles where the KL answers the coefficient', () => {
    // A policy whose KL is 3 / coefficient meets a target of 6 at 0.5.
    let coefficient = 5
    for (let i = 0; i < 400; i++) {
      coefficient = adaptKlCoef(coefficient, { kl: 3 / coefficient, completions: 64 }, { target: 6, horizon: 640 })
    }
    expect(coefficient).toBeCloseTo(0.5, 2)
  })
})
