import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gae } from './gae.js'
import { whiten } from './whiten.js'

interface Batch {
  gamma: number
  lambda: number
  rewards: number[][]
  values: number[][]
  advantages: number[][]
  returns: number[][]
  whitened: number[][]
}

// test/golden/ppo_step.py: the column-wise form of TRL's and verl's code, float64.
const { batches } = JSON.parse(readFileSync('test/fixtures/training/ppo-parts.json', 'utf8')) as { batches: Batch[] }

const closeTo = (values: ArrayLike<number>, digits = 7) => Array.from(values, (value) => expect.closeTo(value, digits))

describe('generalized advantage estimation', () => {
  it.each(batches)("is PyTorch's with gamma $gamma, lambda $lambda, and so is whitening", (batch) => {
    const each = batch.rewards.map((rewards, i) => gae(rewards, batch.values[i], batch))
    each.forEach(({ advantages, returns }, i) => {
      expect([...advantages]).toEqual(closeTo(batch.advantages[i]))
      expect([...returns]).toEqual(closeTo(batch.returns[i]))
    })
    const whitened = whiten(each.map(({ advantages }) => advantages))
    whitened.forEach((row, i) => {
      expect([...row]).toEqual(closeTo(batch.whitened[i]))
    })
  })

  it('is the sum of discounted one-step errors, in O(n^2)', () => {
    const number = fc.double({ min: -10, max: 10, noNaN: true })
    const tokens = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 30 })
    const unit = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(tokens, unit, unit, (pairs, gamma, lambda) => {
        const rewards = pairs.map(([reward]) => reward)
        const values = pairs.map(([, value]) => value)
        const n = pairs.length
        const { advantages, returns } = gae(rewards, values, { gamma, lambda })
        for (let t = 0; t < n; t++) {
          let sum = 0
          for (let s = t; s < n; s++) {
            const delta = rewards[s] + gamma * (s + 1 < n ? values[s + 1] : 0) - values[s]
            sum += (gamma * lambda) ** (s - t) * delta
          }
          expect(advantages[t]).toBeCloseTo(sum, 8)
          expect(returns[t]).toBeCloseTo(sum + values[t], 8)
        }
      }),
    )
  })

  it('with lambda 1 returns the discounted rewards, whatever the values', () => {
    // 3, 2 and 1 tokens from the end: 1 + 0.5 (2 + 0.5 x 4) = 3, 2 + 0.5 x 4 = 4, 4.
    const { returns } = gae([1, 2, 4], [0.3, -7, 11], { gamma: 0.5, lambda: 1 })
    expect([...returns]).toEqual(closeTo([3, 4, 4], 12))
  })

  it('with lambda 0 looks one token ahead, and beyond the last token sees 0', () => {
    const { advantages } = gae([0, 1], [0.25, 0.5], { gamma: 1, lambda: 0 })
    expect([...advantages]).toEqual([0 + 0.5 - 0.25, 1 - 0.5])
  })

  it('refuses lists of different lengths', () => {
    expect(() => gae([1], [1, 2], { gamma: 1, lambda: 1 })).toThrow(RangeError)
  })
})
