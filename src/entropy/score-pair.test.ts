import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scores } from './moments.js'
import { pairedExpectation } from './score-pair.js'

describe('S* and E[S] in float32', () => {
  it('keep the sign of Sc where they round to the same number', () => {
    expect(Math.fround(0.1) - pairedExpectation(0.1, 0.1 - 1e-12, 1e-12)).toBe(2 ** -27)
    expect(Math.fround(0.1) - pairedExpectation(0.1, 0.1 + 1e-12, -1e-12)).toBe(-(2 ** -27))
    // Far from one, nothing moves.
    expect(pairedExpectation(0.1, 0.0625, 0.0375)).toBe(0.0625)
    // A uniform distribution: Sc is 0.
    expect(pairedExpectation(0.25, 0.25, 0)).toBe(0.25)
    expect(pairedExpectation(-0, 0, -1e-50)).toBeGreaterThan(0)
    expect(pairedExpectation(0, 0, 1e-50)).toBe(0)
    expect(pairedExpectation(Number.NaN, Number.NaN, Number.NaN)).toBeNaN()
  })

  it('do so for every token of any distribution, down to 1 - p of 1e-38', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -20, max: 0, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 70, noNaN: true }),
        (others, lead) => {
          const { S, centredS, expectedS } = scores([lead, ...others])
          for (let k = 0; k < S.length; k++) {
            // Logits that differ by less than float32's smallest number: there is no pair to keep a sign in.
            if (Math.fround(S[k]) === 0) continue
            const paired = pairedExpectation(S[k], expectedS, centredS[k])
            expect(Math.sign(Math.fround(S[k]) - paired)).toBe(Math.sign(centredS[k]))
            expect(Math.abs(paired - expectedS)).toBeLessThanOrEqual(1.8e-7 * expectedS + 2e-45)
          }
        },
      ),
    )
  })
})
