import { describe, expect, it } from 'vitest'
import { RewardWatch } from './reward-watch.js'

const graded = (...rewards: number[]) => rewards.map((reward) => ({ reward, taskReward: reward }))

function watched(steps: number, rewardsOf: (step: number) => ReturnType<typeof graded>): [number, string][] {
  const watch = new RewardWatch(steps)
  const said: [number, string][] = []
  for (let step = 1; step <= steps; step++) {
    const message = watch.after(step, rewardsOf(step))
    if (message !== undefined) said.push([step, message])
  }
  return said
}

describe('a run without a reward', () => {
  it('is told after ten steps, and at its end', () => {
    const said = watched(25, () => graded(0, 0, 0))
    expect(said.map(([step]) => step)).toEqual([10, 25])
    expect(said[0]![1]).toContain('no completion has earned a reward in 10 steps')
    expect(said[1]![1]).toContain('in 25 steps')
    expect(watched(10, () => graded(0)).map(([step]) => step)).toEqual([10])
    expect(watched(1, () => graded(0))[0]![1]).toContain('in 1 step,')
  })

  it('is one whose task earns nothing, whatever the lengths cost', () => {
    const penalized = [-0.5, -1].map((reward) => ({ reward, taskReward: 0 }))
    expect(watched(3, () => penalized)).toHaveLength(1)
  })

  it('is not one that earns something now and then', () => {
    expect(watched(30, (step) => graded(0, step === 7 ? 1 : 0))).toEqual([])
    expect(watched(30, (step) => graded(step === 12 ? 0.5 : 0)).map(([step]) => step)).toEqual([10])
  })

  it('is told apart from one where everything is worth the same', () => {
    expect(watched(3, () => graded(1, 1))[0]![1]).toContain('every completion has earned the reward 1 in 3 steps')
  })
})
