import { describe, expect, it } from 'vitest'
import { differencesOf } from './differences.js'

const outcomes = (...correct: number[]) => correct.map((each) => ({ samples: 4, correct: each }))

describe('differencesOf', () => {
  it('are means over problems of b less a', () => {
    // Avg@4: (1 + 0 + 2)/4 over 3 problems. Pass@4: 0 -> 1 on the first, no change on the others.
    const [avg, pass] = differencesOf(outcomes(0, 2, 1), outcomes(1, 2, 3))
    expect(avg).toMatchObject({ metric: 'avg_at_k', difference: 3 / 12 })
    expect(pass).toMatchObject({ metric: 'pass_at_k', difference: 1 / 3 })
    // Of the 8 signs of (1/4, 0, 2/4) those with |sum| >= 3/4: both equal, whatever the zero's: 4 of 8.
    expect(avg!.p_value).toBe(0.5)
    expect(pass!.p_value).toBe(1)
  })

  it('turn around with their sides', () => {
    const [there] = differencesOf(outcomes(0, 2, 1, 4, 3), outcomes(1, 2, 3, 4, 4))
    const [back] = differencesOf(outcomes(1, 2, 3, 4, 4), outcomes(0, 2, 1, 4, 3))
    expect(back!.difference).toBeCloseTo(-there!.difference, 14)
    expect(back!.p_value).toBe(there!.p_value)
    expect(back!.interval[0]).toBeCloseTo(-there!.interval[1], 1)
  })

  it('refuse what is not paired', () => {
    expect(() => differencesOf(outcomes(1), outcomes(1, 2))).toThrow(RangeError)
  })
})
