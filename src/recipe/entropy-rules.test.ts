import { describe, expect, it } from 'vitest'
import { methodList, methodOptions, methods } from '../entropy/methods/recipe-keys.js'
import { parseRecipe } from './parse-recipe.js'
import { recipeWarnings } from './rules.js'

const recipe = (entropy: object, more: object = {}) =>
  parseRecipe({ model: 'm', task: { name: 't' }, entropy, ...more })

/** Off-policy, so that every rule on the ratio acts. */
const train = { epochs: 2 }

describe('entropy.method', () => {
  it('takes every name alone, with what it needs', () => {
    for (const { name: method, empty, example } of methods) {
      const { entropy, algorithm } = example ?? {}
      expect(methodList(recipe({ method, ...entropy }, algorithm && { algorithm }).entropy.method)).toEqual(
        empty ? [] : [method],
      )
    }
  })

  it('takes a list', () => {
    const { entropy } = recipe({ method: ['clip-v', 'dual-clip'], muLow: 1, dualClip: {} })
    expect(methodList(entropy.method)).toEqual(['clip-v', 'dual-clip'])
    expect(methodOptions(entropy)).toMatchObject({ dualClip: { c: 3 }, clipCov: { share: 2e-4, low: 1, high: 5 } })
  })

  it.each([
    [['high-entropy', 'high-entropy'], /names high-entropy twice/],
    [['none'], /write `method: none`/],
    [['none', 'cispo'], /combines none with others/],
    [['ppo-clip', 'cispo'], /combines ppo-clip and cispo, but each says what becomes of the importance ratio/],
    [['cispo', 'gspo'], /combines cispo and gspo/],
    [['dual-clip', 'gspo'], /combines dual-clip and gspo, but dual-clip bounds PPO's clipped surrogate/],
    [['clip-b', 'clip-v'], /combines clip-b and clip-v, but both read muLow/],
    [['clip-cov', 'kl-cov'], /two treatments of the same tokens/],
    [['entropy-bonus', 'adaptive-entropy'], /both set the coefficient/],
    [['adaptive-entropy', 'entropy-schedule'], /both set the coefficient/],
    [['sapo', 'dppo'], /combines sapo and dppo, but each says what becomes of the importance ratio/],
    [['dual-clip', 'ce-gppo'], /combines dual-clip and ce-gppo, but dual-clip bounds PPO's clipped surrogate/],
    [['entropic', 'entrocraft'], /combines entropic and entrocraft, but each drives entropy to a level of its own/],
    [[], /entropy.method: must not be empty/],
    [['clip-c'], /entropy\.method\.0: must be one of .*did you mean clip-[bv]\?/],
    ['gsppo', /entropy\.method: must be one of .*did you mean gspo\?/],
  ])('refuses %j and says why', (method, message) => {
    expect(() => recipe({ method, muLow: 2 }, { algorithm: { entropyCoef: 0.1 } })).toThrow(message)
  })

  it.each([
    [{ gspo: {} }, /entropy\.gspo: has no effect while entropy\.method is none; set entropy\.method: gspo/],
    [{ method: 'clip-cov', klCov: {} }, /entropy\.klCov: has no effect while entropy\.method is clip-cov/],
    [{ method: ['clip-cov', 'cispo'], muLow: 2 }, /entropy\.muLow: has no effect while .* clip-cov with cispo/],
    [{ method: 'entropy-bonus' }, /algorithm\.entropyCoef: is what entropy\.method: entropy-bonus adds/],
    [{ method: 'adaptive-entropy', adaptive: { start: 1 } }, /needs min <= start <= max \(got 0, 1, 0\.005\)/],
    [{ method: 'clip-cov', clipCov: { low: 6 } }, /entropy\.clipCov: needs low < high \(got 6, 5\)/],
    [{ method: 'gspo', statistics: 'rollout' }, /entropy\.statistics: must be current for gspo/],
    [{ method: 'gmpo', statistics: 'rollout' }, /entropy\.statistics: must be current for gmpo/],
    [{ method: 'vespo', statistics: 'rollout' }, /entropy\.statistics: must be current for vespo/],
    [{ method: 'erc', statistics: 'rollout' }, /entropy\.statistics: must be current for erc/],
    [{ method: 'erc', erc: { high: 1 } }, /entropy\.erc: needs high > 1.*\(got 1\)/],
    [{ method: 'icepop', icepop: { high: 0.9 } }, /entropy\.icepop: needs high >= 1.*\(got 0\.9\)/],
    [{ method: 'entrocraft', entrocraft: { lowFrom: 0.8 } }, /entropy\.entrocraft: needs lowFrom <= highFrom/],
    [{ method: ['entrocraft', 'clip-v'], target: 1 }, /entropy\.target: and entrocraft both drive entropy to a level/],
    [{ method: ['entropic', 'clip-v'], target: 1 }, /entropy\.target: and entropic both drive entropy to a level/],
    [{ method: 'dppo', dppo: { divergence: 'js' } }, /entropy\.dppo\.divergence: must be one of tv, kl/],
    [{ method: 'dual-clip', dualClip: { c: 1 } }, /entropy\.dualClip\.c: must be greater than 1/],
    [{ method: 'high-entropy', highEntropy: { share: 0 } }, /share: must be greater than 0/],
    [{ method: 'clip-cov', clipCov: { ratio: 1 } }, /entropy\.clipCov\.ratio: unknown key/],
  ])('refuses %j', (entropy, message) => {
    expect(() => recipe(entropy)).toThrow(message)
  })

  it.each([
    [
      'cispo',
      { clipHigh: 0.28 },
      /^algorithm\.clipHigh: without effect under entropy\.method cispo.* entropy\.cispo\.clipHigh\.$/,
    ],
    [
      'gspo',
      { clipLow: 0.1, clipHigh: 0.3 },
      /^algorithm\.clipLow, algorithm\.clipHigh: .*entropy\.gspo\.clipLow, entropy\.gspo\.clipHigh\.$/,
    ],
    [['kl-cov', 'high-entropy'], { clipHigh: 0.28 }, /under entropy\.method kl-cov.*name ppo-clip beside it/],
  ])("warns of a bound of PPO's clip beside %j, which leaves it out", (method, algorithm, message) => {
    const warnings = recipeWarnings(recipe({ method }, { algorithm: { aggregation: 'sequence', ...algorithm }, train }))
    expect(warnings).toEqual([expect.stringMatching(message)])
  })

  it("does not warn of a bound of PPO's clip where it acts, and where it says what is so anyway", () => {
    const given = { clipLow: 0.1, clipHigh: 0.28 }
    for (const method of ['none', 'clip-cov', ['kl-cov', 'ppo-clip'], ['kl-cov', 'dual-clip']]) {
      expect(recipeWarnings(recipe({ method }, { algorithm: given, train }))).toEqual([])
    }
    for (const algorithm of [{}, { clipLow: 0.2, clipHigh: 0.2 }, { clipLow: Infinity, clipHigh: Infinity }]) {
      expect(recipeWarnings(recipe({ method: 'cispo' }, { algorithm, train }))).toEqual([])
    }
  })

  it('warns of a learning rate that leaves nothing of the model', () => {
    expect(recipeWarnings(recipe({}, { train: { lr: 50 } }))).toEqual([
      expect.stringMatching(/^train\.lr is 50: AdamW/),
    ])
    expect(recipeWarnings(recipe({}, { train: { lr: 0.01 } }))).toEqual([])
    const ppo = { algorithm: { name: 'ppo' }, critic: { lr: 0.5 }, train: { epochs: 2 } }
    expect(recipeWarnings(recipe({}, ppo))).toEqual([expect.stringMatching(/^critic\.lr is 0\.5/)])
  })

  it('refuses a fixed coefficient beside an adaptive one', () => {
    expect(() => recipe({ method: 'adaptive-entropy' }, { algorithm: { entropyCoef: 0.1 } })).toThrow(
      /is set by entropy.method: adaptive-entropy/,
    )
  })

  it.each<[string, object, RegExp]>([
    ['entropy-schedule', { entropyCoef: 0.1 }, /algorithm\.entropyCoef: is set by entropy\.method: entropy-schedule/],
    ['vespo', { importanceCap: 2 }, /algorithm\.importanceCap: has no effect under entropy\.method: vespo/],
    ['quantile-advantage', { name: 'ppo' }, /algorithm\.name: must be grpo for quantile-advantage/],
    ['quantile-advantage', { advantage: 'leave-one-out' }, /algorithm\.advantage: must not be leave-one-out/],
  ])('refuses %s with algorithm %j', (method, algorithm, message) => {
    expect(() => recipe({ method }, { algorithm })).toThrow(message)
  })

  it('warns that erc has no entropies to compare on a first update', () => {
    expect(recipeWarnings(recipe({ method: ['erc', 'sapo'] }, { algorithm: { aggregation: 'sequence' } }))).toEqual([
      expect.stringMatching(/sapo acts on the importance ratio, which is 1/),
      expect.stringMatching(/erc acts on the ratio of entropies, which is 1/),
    ])
  })

  it('warns of what cannot act, and of another objective', () => {
    expect(recipeWarnings(recipe({ method: ['cispo', 'high-entropy'] }))).toEqual([
      expect.stringContaining('cispo acts on the importance ratio'),
    ])
    expect(recipeWarnings(recipe({ method: 'cispo' }, { train: { epochs: 2 } }))).toEqual([])
    expect(recipeWarnings(recipe({ method: 'gspo' }, { train: { epochs: 2 } }))).toEqual([
      expect.stringContaining('algorithm.aggregation: sequence'),
    ])
    const sequence = { train: { epochs: 2 }, algorithm: { aggregation: 'sequence' } }
    expect(recipeWarnings(recipe({ method: 'gspo' }, sequence))).toEqual([])
    expect(recipeWarnings(recipe({}))).toEqual([])
  })
})
