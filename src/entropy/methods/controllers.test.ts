/** What controllers carry from step to step, against sequences worked out by hand; and the effects they set. */
import { describe, expect, it } from 'vitest'
import { entrocraft, entrocraftState } from './entrocraft.js'
import { entropicState } from './entropic.js'
import { scheduledCoefficient } from './entropy-schedule.js'
import { type StareState, stare, stareState } from './stare.js'

const f64 = (...values: number[]) => Float64Array.from(values)
const flags = (...values: number[]) => Uint8Array.from(values)

describe('the schedule of the bonus', () => {
  it('is a line from the first step to the last of it, and stays', () => {
    const options = { from: 0.02, to: 0, steps: 5 }
    const found = [1, 2, 3, 4, 5, 6, 100].map((step) => scheduledCoefficient(options, step))
    for (const [i, value] of [0.02, 0.015, 0.01, 0.005, 0, 0, 0].entries()) expect(found[i]).toBeCloseTo(value, 15)
    expect(scheduledCoefficient({ from: -1, to: 3, steps: 2 }, 1)).toBe(-1)
    expect(scheduledCoefficient({ from: 1, to: 3, steps: 1 }, 1)).toBe(3)
  })
})

describe('entropic', () => {
  it('is proportional to the error and to the sum of those before, within -1 .. 1', () => {
    const options = { target: 0.5, kp: 1, ki: 0.1, probability: 0.95 }
    let state = entropicState(undefined, 0.7, options)
    const alphas = [state.alpha]
    for (const entropy of [0.9, 0.4, 3, 0.5]) {
      state = entropicState(state, entropy, options)
      alphas.push(state.alpha)
    }
    // Errors 0.2, 0.4, -0.1, 2.5 (clamped), 0; sums before: 0, 0.2, 0.6, 0.5, 3.
    for (const [k, value] of [0.2, 0.42, -0.04, 1, 0.3].entries()) expect(alphas[k]).toBeCloseTo(value, 14)
    expect(state.sum).toBeCloseTo(3, 14)
    expect(() => entropicState(state, Number.NaN, options)).toThrow(RangeError)
  })
})

describe('entrocraft', () => {
  const options = { lowFrom: 0.6, lowTo: 0.4, highFrom: 0.7, highTo: 0.5 }

  it('moves its band along a line over the run', () => {
    const at = (step: number, entropy = 0.55) => entrocraftState(entropy, options, { step, steps: 10 })
    expect(at(5)).toMatchObject({ low: expect.closeTo(0.5, 14), high: expect.closeTo(0.6, 14), keeps: 'all' })
    expect(at(1).keeps).toBe('negative')
    expect(at(10).keeps).toBe('positive')
    expect(at(12)).toMatchObject({ low: expect.closeTo(0.4, 14), high: 0.5 })
    expect(entrocraftState(0.45, { ...options, steps: 20 }, { step: 10, steps: 10 })).toMatchObject({
      low: expect.closeTo(0.5, 14),
      keeps: 'negative',
    })
    expect(() => at(1, Number.NaN)).toThrow(RangeError)
  })

  it('trains on one sign of A outside of it', () => {
    const tokens = { advantage: f64(1, -1, 0, 2, Number.NaN), isPolicyToken: flags(1, 1, 1, 1, 0) }
    expect([...entrocraft(tokens, 'positive')]).toEqual([1, 0, 1, 1, 0])
    expect([...entrocraft(tokens, 'negative')]).toEqual([0, 1, 1, 0, 0])
    expect([...entrocraft(tokens, 'all')]).toEqual([1, 1, 1, 1, 0])
  })
})

describe('stare', () => {
  const options = {
    target: 0.3,
    share: 0.1,
    positive: 1.1,
    negative: 0.9,
    delta: 0,
    positiveMax: 1.5,
    negativeMin: 0.5,
  }

  it('weighs the most surprising share of each sign, at least one, ties to the lower index', () => {
    const tokens = {
      advantage: f64(1, 1, 1, 1, 1, -1, -1, 0, Number.NaN),
      logprob: f64(-1, -3, -2, -3, -3, -5, -4, -9, Number.NaN),
      isPolicyToken: flags(1, 1, 1, 1, 1, 1, 1, 1, 0),
    }
    const on: StareState = { on: true, positive: 1.1, negative: 0.9, next: { positive: 1.1, negative: 0.9 } }
    // ceil(0.4 x 5) = 2 and ceil(0.4 x 2) = 1.
    expect([...stare(tokens, { share: 0.4 }, on)]).toEqual([1, 1.1, 1, 1.1, 1, 0.9, 1, 1, 1])
    expect([...stare(tokens, { share: 0.1 }, on)]).toEqual([1, 1.1, 1, 1, 1, 0.9, 1, 1, 1])
    expect([...stare(tokens, { share: 0.4 }, { ...on, on: false })]).toEqual(Array(9).fill(1))
  })

  it('acts below the target alone', () => {
    expect(stareState(undefined, 0.29, options)).toMatchObject({ on: true, positive: 1.1, negative: 0.9 })
    expect(stareState(undefined, 0.3, options)).toMatchObject({ on: false, positive: 1.1 })
    expect(() => stareState(undefined, Number.NaN, options)).toThrow(RangeError)
  })

  it('moves its weights by delta, with effect from the next step on, within their bounds', () => {
    const moving = { ...options, delta: 0.3 }
    let state: StareState | undefined
    const used: number[][] = []
    for (const entropy of [0.2, 0.2, 0.2, 0.9, 0.3, 0.2]) {
      state = stareState(state, entropy, moving)
      used.push([state.positive, state.negative])
    }
    const expected = [
      [1.1, 0.9],
      [1.4, 0.6],
      [1.5, 0.5],
      [1.5, 0.5],
      [1.2, 0.8],
      [1.2, 0.8],
    ]
    for (const [k, pair] of expected.entries()) {
      for (const [side, value] of pair.entries()) expect(used[k][side]).toBeCloseTo(value, 14)
    }
  })
})
