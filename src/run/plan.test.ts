import { describe, expect, it } from 'vitest'
import { fakeModelShape, fakeRecipe } from '../../test/fake-run.js'
import { makePlan } from './plan.js'

describe('makePlan', () => {
  it('counts what a step does', () => {
    const recipe = fakeRecipe({
      rollout: { promptsPerStep: 4, samplesPerPrompt: 8, maxNewTokens: 24 },
      train: { updatesPerBatch: 2, epochs: 3 },
      threads: 2,
    })
    // 4 x 8 completions of at most 24 tokens; 2 minibatches in each of 3 epochs.
    expect(makePlan(recipe, fakeModelShape)).toMatchObject({
      completionsPerStep: 32,
      tokensPerStep: 768,
      updatesPerStep: 6,
      threads: 2,
    })
  })

  it('estimates memory from the shape', () => {
    const recipe = fakeRecipe({
      rollout: { promptsPerStep: 1, samplesPerPrompt: 4, maxNewTokens: 72, batchSize: 2 },
      train: { tokenBudget: 10 },
      algorithm: { klCoef: 0.1 },
    })
    const { memory } = makePlan(recipe, fakeModelShape)
    // 1000 parameters of 4 bytes; the moments are two copies, the reference one.
    expect(memory).toMatchObject({ weights: 4000, gradients: 4000, optimizer: 8000, reference: 4000 })
    // 2 rows x (128 assumed + 72) tokens x 3 layers x (keys, values) x 1 head of 4 x 4 bytes.
    expect(memory.cache).toBe(2 * 200 * 3 * 2 * 4 * 4)
    // 10 tokens x 3 layers x (6 x 8 + 3 x 8 + 2 x 4 + 4 x 16) x 4 bytes.
    expect(memory.activations).toBe(10 * 3 * (48 + 24 + 8 + 64) * 4)
    expect(memory.total).toBe(4000 * 5 + memory.cache + memory.activations)
  })

  it('counts a critic: its own trunk in full, a frozen one where no reference is there to share', () => {
    const criticOf = (recipe: Parameters<typeof fakeRecipe>[0]) =>
      makePlan(fakeRecipe(recipe), fakeModelShape).memory.critic
    expect(criticOf({})).toBe(0)
    expect(criticOf({ algorithm: { name: 'ppo' } })).toBe(4 * 4000)
    expect(criticOf({ algorithm: { name: 'ppo' }, critic: { trunk: 'frozen' } })).toBe(4000)
    expect(criticOf({ algorithm: { name: 'ppo', klCoef: 0.1 }, critic: { trunk: 'frozen' } })).toBe(0)
  })

  it('warns of a run that does not fit, and of truncated sampling', () => {
    const huge = { ...fakeModelShape, parameters: 1e15 }
    expect(makePlan(fakeRecipe({ rollout: { topP: 0.9 } }), huge).warnings).toEqual([
      expect.stringContaining('topP'),
      expect.stringContaining('exceeds'),
    ])
    expect(makePlan(fakeRecipe(), fakeModelShape).warnings).toEqual([])
  })
})
