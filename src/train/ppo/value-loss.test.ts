import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenValueLoss } from './value-loss.js'

interface Golden {
  clip: number | null
  value: number
  old: number
  target: number
  loss: number
  slope: number
}

// test/golden/ppo_step.py: torch.autograd, float64.
const { losses } = JSON.parse(readFileSync('test/fixtures/training/ppo-parts.json', 'utf8')) as { losses: Golden[] }

describe("the critic's loss of a token", () => {
  it("has PyTorch's value and gradient", () => {
    for (const { clip, value, old, target, loss, slope } of losses) {
      const found = tokenValueLoss(value, old, target, clip ?? Number.POSITIVE_INFINITY)
      expect(found.loss).toBeCloseTo(loss, 8)
      expect(found.slope).toBeCloseTo(slope, 8)
      expect(found.clipped).toBe(slope === 0)
    }
    expect(losses.some(({ slope }) => slope === 0)).toBe(true)
    expect(losses.some(({ clip, slope, value, old }) => slope !== 0 && Math.abs(value - old) > (clip ?? 9))).toBe(true)
  })

  it('stops a value that has come closer to its return than the clip allows, and no other', () => {
    // From 0 towards 1: at 0.5 the clip of 0.2 stops it, at 0.1 not yet, and away from 1 never.
    expect(tokenValueLoss(0.5, 0, 1, 0.2)).toEqual({ loss: 0.8 ** 2 / 2, slope: 0, clipped: true })
    expect(tokenValueLoss(0.125, 0, 1, 0.25)).toEqual({ loss: 0.875 ** 2 / 2, slope: -0.875, clipped: false })
    expect(tokenValueLoss(-0.5, 0, 1, 0.25)).toEqual({ loss: 1.5 ** 2 / 2, slope: -1.5, clipped: false })
  })

  it('is never below the plain one, and equal to it without a clip', () => {
    const number = fc.double({ min: -5, max: 5, noNaN: true })
    fc.assert(
      fc.property(number, number, number, fc.double({ min: 0, max: 3, noNaN: true }), (value, old, target, clip) => {
        const plain = (value - target) ** 2 / 2
        expect(tokenValueLoss(value, old, target, clip).loss).toBeGreaterThanOrEqual(plain)
        expect(tokenValueLoss(value, old, target, Number.POSITIVE_INFINITY)).toEqual({
          loss: plain,
          slope: value - target,
          clipped: false,
        })
      }),
    )
  })
})
