import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../recipe/index.js'
import { readLoopState } from './loop-state.js'

const saved = JSON.parse(readFileSync('test/fixtures/runs/before/grpo/checkpoints/step-000002/state.json', 'utf8'))
  .loop as { entropy: { setpoint: object; adaptive: object } }
const recipe = (klTarget?: number) =>
  parseRecipe({
    model: 'm',
    task: { name: 'arithmetic' },
    algorithm: { klCoef: 0.1, ...(klTarget ? { klTarget } : {}) },
  })
const plain = recipe()

describe('a saved state of the loop', () => {
  it('is read as it was saved, with the order of its keys', () => {
    expect(JSON.stringify(readLoopState(structuredClone(saved), plain))).toBe(JSON.stringify(saved))
  })

  it.each([
    [{ position: undefined }, 'position is required'],
    [{ position: -5 }, 'position must be at least 0 (got -5)'],
    [{ position: 3.5 }, 'position must be a whole number (got 3.5)'],
    [{ position: 'a' }, 'position must be a number (got "a")'],
    [{ entropy: undefined }, 'entropy is required'],
    [{ entropy: { setpoint: { ...saved.entropy.setpoint, gain: 'x' } } }, 'entropy.setpoint.gain must be a number'],
    [{ entropy: { adaptive: { used: 0 } } }, 'entropy.adaptive.next is required'],
  ])('with %o is refused', (change, words) => {
    expect(() => readLoopState({ ...saved, ...change }, plain)).toThrow(words)
  })

  it('needs the coefficient where it is adapted', () => {
    const { klCoef: _, ...without } = { klCoef: 0, ...saved }
    expect(() => readLoopState(without, recipe(0.1))).toThrow('klCoef is required')
    expect(readLoopState(without, plain)).toEqual(without)
    expect(() => readLoopState(null, plain)).toThrow('must be')
  })
})
