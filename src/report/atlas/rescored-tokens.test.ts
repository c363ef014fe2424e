import { describe, expect, it } from 'vitest'
import type { OpenModel } from '../../model/types.js'
import type { TokenStatistics } from '../../rollout/types.js'
import type { RolloutRow } from '../../run/store/rollout-rows.js'
import { requireFinite, requireSameTokens } from './rescored-tokens.js'

/** Ids are letters, a first, and 9 a special token. */
const model = (letters = 'abcdefghi') =>
  ({
    reference: 'other/model',
    config: { vocabSize: 10 },
    tokenizer: { decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => letters[id] ?? '').join('') },
  }) as unknown as OpenModel

const row = (tokens: number[], completion?: string) =>
  ({
    promptId: 'p',
    sample: 2,
    tokens: Int32Array.from(tokens),
    ...(completion === undefined ? {} : { completion }),
  }) as RolloutRow

describe('recorded tokens', () => {
  it('are the same text under the policy, but for what a stop string cut', () => {
    requireSameTokens(model(), [row([0, 1, 2, 9], 'abc'), row([0, 1, 2, 3], 'ab'), row([], '')])
  })

  it('are refused where the policy reads another text', () => {
    expect(() => requireSameTokens(model('ihgfedcba'), [row([0, 1], 'ab')])).toThrow(
      'other/model has another tokenizer than the policy that sampled: the tokens of problem p, sample 2 are "ih" there, ' +
        'and "ab" was recorded',
    )
  })

  it('are refused outside of the vocabulary, also where a file holds no text', () => {
    expect(() => requireSameTokens(model(), [row([0, 10])])).toThrow('token 10 of the rollouts is outside')
    requireSameTokens(model(), [row([0, 9])])
  })
})

it('statistics that are not finite name their place', () => {
  const statistics = (...S: number[]) =>
    ({
      logprob: Float32Array.from(S, () => -1),
      S: Float32Array.from(S),
      expectedS: Float32Array.from(S, () => 0),
    }) as TokenStatistics
  const rows = [row([0, 1]), row([0, 1])]
  requireFinite(3, rows, [statistics(0, 1), statistics(0, 1)])
  expect(() => requireFinite(3, rows, [statistics(0, 1), statistics(0, Number.NaN)])).toThrow(
    "the model's logits are not finite (step 3, problem p, sample 2, token 1)",
  )
})
