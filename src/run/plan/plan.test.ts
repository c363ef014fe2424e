import { describe, expect, it } from 'vitest'
import { fakeModelShape, fakeRecipe } from '../../../test/fake-run.js'
import { makePlan } from './plan.js'

const free = { host: 2 ** 34 }

describe('makePlan', () => {
  it('counts what a step does', () => {
    const recipe = fakeRecipe({
      rollout: { promptsPerStep: 4, samplesPerPrompt: 8, maxNewTokens: 24 },
      train: { updatesPerBatch: 2, epochs: 3 },
      threads: 2,
    })
    // 4 x 8 completions of at most 24 tokens; 2 minibatches in each of 3 epochs.
    expect(makePlan(recipe, fakeModelShape, free)).toMatchObject({
      completionsPerStep: 32,
      tokensPerStep: 768,
      updatesPerStep: 6,
      threads: 2,
    })
  })

  it('warns of a run that does not fit, and of truncated sampling', () => {
    const huge = { ...fakeModelShape, parameters: 1e15 }
    expect(makePlan(fakeRecipe({ rollout: { topP: 0.9 } }), huge, free).warnings).toEqual([
      expect.stringContaining('topP'),
      expect.stringContaining('does not fit into memory'),
    ])
    expect(makePlan(fakeRecipe(), fakeModelShape, free).warnings).toEqual([])
  })
})
