import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areEqual } from '../base/sample.js'
import { hasSignal } from './signal.js'

describe('equal rewards', () => {
  it.each([
    [[1, 1], true],
    [[0.1 + 0.2, 0.3], true],
    [[0, -0], true],
    [[-0.1 - 0.2, -0.3], true],
    [[1e9, 1e9 + 1e-7], true],
    [[5], true],
    [[0.3, 0.300001], false],
    [[0, 1e-12], false],
    [[1e-12, 2e-12], false],
    [[-1, 1], false],
  ])('%j: %s', (rewards, equal) => {
    expect(areEqual(rewards)).toBe(equal)
  })

  it('do not depend on the unit of the reward, nor on the order', () => {
    const rewards = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(rewards, fc.integer({ min: -20, max: 20 }), (values, power) => {
        // Powers of two are exact; what underflows is left out.
        fc.pre(values.every((value) => value === 0 || Math.abs(value) > 1e-200))
        const equal = areEqual(values)
        expect(areEqual(values.map((value) => value * 2 ** power))).toBe(equal)
        expect(areEqual(values.map((value) => -value))).toBe(equal)
        expect(areEqual([...values].reverse())).toBe(equal)
      }),
    )
  })
})

describe('a group', () => {
  const wrongOfSeveralLengths = [0, -0.5, -1].map((reward) => ({ reward, taskReward: 0 }))
  const oneIsRight = [
    { reward: 1, taskReward: 1 },
    { reward: -0.5, taskReward: 0 },
  ]

  it('that is wrong throughout has no signal by the task, and one by its lengths', () => {
    expect(hasSignal(wrongOfSeveralLengths, 'task')).toBe(false)
    expect(hasSignal(wrongOfSeveralLengths, 'reward')).toBe(true)
    expect(hasSignal(oneIsRight, 'task')).toBe(true)
  })

  it('whose sums are equal has none, whatever they are made of', () => {
    // 0.3 of the task against 0.1 + 0.2 of two others.
    const group = [
      { reward: 0.3, taskReward: 1 },
      { reward: 0.1 + 0.2, taskReward: 0 },
    ]
    expect(hasSignal(group, 'task')).toBe(false)
    expect(hasSignal(group, 'reward')).toBe(false)
  })

  it('is judged by the sum alone where the task has no weight', () => {
    expect(hasSignal([{ reward: 1 }, { reward: 0 }], 'task')).toBe(true)
  })
})
