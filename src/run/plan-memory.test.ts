import { describe, expect, it } from 'vitest'
import { fakeModelShape, fakeRecipe } from '../../test/fake-run.js'
import { estimateMemory } from './plan-memory.js'

const rollout = { promptsPerStep: 2, samplesPerPrompt: 4, maxNewTokens: 20, batchSize: 5 }
const GiB = 2 ** 30

describe('estimateMemory', () => {
  it('counts each part, and the larger of the two phases', () => {
    const recipe = fakeRecipe({ rollout, train: { tokenBudget: 100 }, algorithm: { klCoef: 0.1 } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, GiB)
    // 1000 parameters of 4 bytes; the moments are two copies, the reference one.
    expect(memory).toMatchObject({ weights: 4000, gradients: 4000, optimizer: 8000, reference: 4000, adapter: 0 })
    // (5 rows x (10 + 20) tokens + 2 prompts x 10) x 3 layers x (keys, values) x 1 head of 4 x 4 bytes.
    expect(memory.cache).toBe((5 * 30 + 2 * 10) * 3 * 2 * 4 * 4)
    // 100 of the step's 180 tokens x 3 layers x (6 x 8 + 3 x 8 + 2 x 4 + 4 x 16) x 4 bytes.
    expect(memory.activations).toBe(100 * 3 * (48 + 24 + 8 + 64) * 4)
    // 320 rows x 2 ids x 4 bytes.
    expect(memory.head).toBe(2560)
    // Too small a model to be packed.
    expect(memory.packed).toBe(0)
    expect(memory.total).toBe(memory.process + memory.workspace + 16000 + 4000 + memory.activations + memory.head)
  })

  it('knows that a step has no more tokens than it has', () => {
    const whole = estimateMemory(fakeRecipe({ rollout, train: { tokenBudget: 1e6 } }), fakeModelShape, 10, GiB)
    // 2 prompts x 10 tokens + 8 completions x 20.
    expect(whole.activations).toBe(180 * 3 * (48 + 24 + 8 + 64) * 4)
    const halves = estimateMemory(
      fakeRecipe({ rollout, train: { tokenBudget: 1e6, updatesPerBatch: 2 } }),
      fakeModelShape,
      10,
      GiB,
    )
    expect(halves.activations).toBe(whole.activations / 2)
  })

  it('leaves out what an adapter does not need', () => {
    const recipe = fakeRecipe({ rollout, algorithm: { klCoef: 0.1 }, lora: { rank: 2, targets: ['q_proj', 'v_proj'] } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, GiB)
    // Rank 2 x (8 inputs + 8 queries + 8 inputs + 4 values) x 3 layers x 4 bytes.
    const factors = 2 * (8 + 8 + 8 + 4) * 3 * 4
    expect(memory).toMatchObject({ adapter: factors, gradients: factors, optimizer: 2 * factors, reference: 0 })
  })

  it('proposes the largest token budget that fits', () => {
    const recipe = fakeRecipe({ rollout, train: { tokenBudget: 1000 } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, GiB)
    const budget = memory.largestTokenBudget!
    const fits = (tokenBudget: number) => {
      const roomy = fakeRecipe({
        rollout: { ...rollout, samplesPerPrompt: 1e6 },
        train: { tokenBudget },
      })
      return estimateMemory(roomy, fakeModelShape, 10, GiB).total <= GiB
    }
    expect([fits(budget), fits(budget + 1)]).toEqual([true, false])
    expect(estimateMemory(recipe, fakeModelShape, 10, 2 ** 20).largestTokenBudget).toBeUndefined()
  })
})
