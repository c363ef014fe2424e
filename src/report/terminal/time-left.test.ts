import { describe, expect, it } from 'vitest'
import { createTimeLeft } from './time-left.js'

describe('createTimeLeft', () => {
  it('knows nothing before the first step', () => {
    expect(createTimeLeft(0).estimate(10, 5)).toBeUndefined()
  })

  it('takes the median step, so one long step changes nothing', () => {
    const left = createTimeLeft(0)
    let now = 0
    for (const seconds of [10, 10, 1000, 10, 10]) {
      now += seconds
      left.step(now)
    }
    expect(left.estimate(7, now)).toBe(70)
    // 4 of the next step's 10 seconds are gone.
    expect(left.estimate(7, now + 4)).toBe(66)
    // A step that takes longer than usual: never below the other six.
    expect(left.estimate(7, now + 400)).toBe(60)
    expect(left.estimate(0, now + 4)).toBe(0)
  })

  it('spreads evaluations and checkpoints over the steps', () => {
    const left = createTimeLeft(0)
    let now = 0
    for (let step = 1; step <= 4; step++) {
      left.phase('rollout', now)
      if (step % 2 === 1 && step > 1) {
        left.phase('evaluate', now)
        now += 8
        left.phase('rollout', now)
      }
      now += 10
      left.step(now)
    }
    // Steps of 10 seconds, and 8 seconds of evaluation in 4 steps.
    expect(left.estimate(3, now)).toBe(3 * (10 + 8 / 4))
  })
})
