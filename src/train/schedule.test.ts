import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../recipe/index.js'
import { learningRate } from './schedule.js'

const rates = (train: object) => {
  const recipe = parseRecipe({ model: 'm', task: { name: 't' }, train: { lr: 8, ...train } })
  return Array.from({ length: recipe.train.steps }, (_, i) => learningRate(recipe.train, i + 1))
}

describe('the learning rate', () => {
  it('is constant after a linear rise', () => {
    expect(rates({ steps: 6, warmupSteps: 4 })).toEqual([2, 4, 6, 8, 8, 8])
    expect(rates({ steps: 2 })).toEqual([8, 8])
  })

  it('falls linearly, from its peak in the first step after the rise', () => {
    expect(rates({ steps: 4, schedule: 'linear' })).toEqual([8, 6, 4, 2])
    expect(rates({ steps: 6, schedule: 'linear', warmupSteps: 2 })).toEqual([4, 8, 8, 6, 4, 2])
  })

  it('falls as a half cosine', () => {
    // (1 + cos(pi n / 4)) / 2 for n = 0 .. 3.
    const found = rates({ steps: 4, schedule: 'cosine' })
    const half = Math.SQRT1_2
    ;[8, 4 * (1 + half), 4, 4 * (1 - half)].forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 12)
    })
  })

  it('rises to its peak where the rise is the whole run', () => {
    expect(rates({ steps: 4, warmupSteps: 4, schedule: 'cosine' })).toEqual([2, 4, 6, 8])
  })
})
