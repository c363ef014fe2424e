import { describe, expect, it } from 'vitest'
import { itemOf } from '../../../test/training/ppo.js'
import { parseRecipe } from '../../recipe/index.js'
import type { Backend } from '../backend.js'
import { creditTokens, tokenRewards, withCredit } from './credit.js'
import type { CompletionGroup } from './critic.js'
import { klToReference, nextKlCoef, withKlCoef } from './kl-to-reference.js'

/** A critic that says of every completion's tokens what `say` does. */
const criticOf = (say: (tokens: Int32Array) => number[]) =>
  ({
    critic: {
      values: async (groups: CompletionGroup[]) =>
        groups.map(({ completions }) => completions.map((tokens) => Float32Array.from(say(tokens)))),
    },
  }) as unknown as Backend

const recipeOf = (critic: object, algorithm: object = {}) =>
  parseRecipe({ model: 'm', task: { name: 't' }, algorithm: { name: 'ppo', ...algorithm }, critic })

const item = (group: number, sample: number, tokens: number[], counts = true, referenceLogprob?: number[]) =>
  itemOf({ group, sample, prompt: [1], tokens, counts, rolloutLogprob: tokens.map(() => -1), referenceLogprob })

describe('the rewards of tokens', () => {
  it('are the completion’s on the last one, less the KL to the reference on each', () => {
    expect([...tokenRewards(2, [-1, -1, -1], undefined, 0.5)]).toEqual([0, 0, 2])
    // log p - log p_ref is 1, -1 and 0.5; times -0.5.
    expect([...tokenRewards(2, [-1, -2, -0.5], [-2, -1, -1], 0.5)]).toEqual([-0.5, 0.5, 1.75])
    expect([...tokenRewards(2, [-1, -2], [-2, -1], 0)]).toEqual([0, 2])
  })
})

describe('credit', () => {
  // The values are quarters of the tokens; groups are interleaved.
  const backend = criticOf((tokens) => Array.from(tokens, (id) => id / 4))
  const items = () => [item(4, 0, [1, 2]), item(2, 0, [3]), item(4, 1, [5, 6, 7], false), item(2, 1, [0, 4])]

  it('is of the policy’s tokens alone, in the items’ order', async () => {
    const sampled = items()
    const credit = await creditTokens(backend, recipeOf({ lambda: 1, whiten: false }), sampled, {
      rewards: [1, 0, 100, 0.5],
      klCoef: 0,
      step: 1,
    })
    const given = withCredit(sampled, credit)
    expect(given.map(({ advantage }) => [...advantage])).toEqual([[0.75, 0.5], [-0.75], [0, 0, 0], [0.5, -0.5]])
    expect(credit.returns.map((each) => each && [...each])).toEqual([[1, 1], [0], undefined, [0.5, 0.5]])
    expect(credit.values[2]).toBeUndefined()
    // (1 + 1 + 0 + 0.5 + 0.5) / 5 and (0.25 + 0.5 + 0.75 + 0 + 1) / 5.
    expect(credit.metrics.returns_mean).toBeCloseTo(0.6, 6)
    expect(credit.metrics.values_mean).toBeCloseTo(0.5, 6)
  })

  it('does not exist where no token is the policy’s', async () => {
    const credit = await creditTokens(backend, recipeOf({}), [item(0, 0, [1, 2], false)], {
      rewards: [1],
      klCoef: 0,
      step: 1,
    })
    expect(credit.returns).toEqual([undefined])
  })

  it('names the value, or the token whose reward, is not finite', async () => {
    const place = { rewards: [1, 0, 100, 0.5], klCoef: 0, step: 7 }
    const broken = criticOf((tokens) => Array.from(tokens, (id) => (id === 4 ? Number.NaN : 0)))
    await expect(creditTokens(broken, recipeOf({}), items(), place)).rejects.toThrow(
      "step 7: the critic's value is not finite (prompt 2, sample 1, token 1)",
    )
    const poor = [...items(), item(5, 3, [1, 1, 1], true, [-1, Number.NaN, -1])]
    const withKl = { ...place, rewards: [...place.rewards, 0], klCoef: 0.1 }
    await expect(creditTokens(backend, recipeOf({}), poor, withKl)).rejects.toThrow(
      "step 7: the token's reward is not finite (prompt 5, sample 3, token 1)",
    )
    const skipping = { ...recipeOf({}), train: { ...recipeOf({}).train, onNonFinite: 'skip' as const } }
    const credit = await creditTokens(broken, skipping, items(), place)
    expect(credit.notFinite).toBe("step 7: the critic's value is not finite (prompt 2, sample 1, token 1)")
    expect([...credit.advantages, ...credit.values, ...credit.returns].every((each) => each === undefined)).toBe(true)
  })
})

describe('the distance from the reference', () => {
  const items = [item(0, 0, [1, 2], true, [-2, -1.5]), item(0, 1, [3], true, [-1.25]), item(0, 2, [4], false, [-9])]

  it('is summed over a completion’s policy tokens', () => {
    // 1 + 0.5 and 0.25, over two completions and three tokens.
    expect(klToReference(items)).toEqual({ perCompletion: 0.875, perToken: 1.75 / 3, completions: 2 })
    expect(klToReference([item(0, 0, [1])])).toBeUndefined()
  })

  it('steers the coefficient only towards a target, and only in the loss is it the objective’s', () => {
    const measured = { perCompletion: 3, perToken: 1, completions: 100 }
    expect(nextKlCoef(recipeOf({}, { klCoef: 0.1 }), 0.1, measured)).toBe(0.1)
    const steered = recipeOf({}, { klCoef: 0.1, klTarget: 6 })
    // Half the target: the largest error, -0.2, times 100 of 10,000 completions.
    expect(nextKlCoef(steered, 0.1, measured)).toBeCloseTo(0.1 * 0.998, 12)
    expect(nextKlCoef(steered, 0.1, undefined)).toBe(0.1)
    expect(withKlCoef(steered, 0.3).algorithm.klCoef).toBe(0.3)
    expect(withKlCoef(recipeOf({}, { klCoef: 0.1, klIn: 'reward' }), 0.3).algorithm.klCoef).toBe(0)
  })
})
