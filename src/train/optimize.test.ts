import { describe, expect, it } from 'vitest'
import { rngFrom } from '../base/philox.js'
import { clipB, clipV } from '../entropy/index.js'
import { parseRecipe } from '../recipe/index.js'
import type { RecipeInput } from '../recipe/input.js'
import type { Completion, TokenStatistics } from '../rollout/types.js'
import type { Backend, TrainGroup, UpdateOptions } from './backend.js'
import type { TrainItem } from './batch.js'
import { tokenObjective } from './objective.js'
import { optimizeMinibatch } from './optimize.js'

const random = rngFrom(23)
const floats = (length: number, from: number, to: number) =>
  Float32Array.from({ length }, () => from + (to - from) * random())

function statistics(length: number): TokenStatistics {
  return {
    logprob: floats(length, -3, -0.1),
    entropy: floats(length, 0.5, 2),
    sumP2: floats(length, 0.1, 0.5),
    sumP2LogP: floats(length, -1, -0.1),
    S: floats(length, -0.5, 0.5),
    expectedS: floats(length, 0, 0.2),
    sumS2: floats(length, 0, 0.3),
  }
}

function item(group: number, sample: number, length: number, advantage: number, counts = true): TrainItem {
  const completion: Completion = {
    ...statistics(length),
    prompt: group,
    sample,
    tokens: Int32Array.from({ length }, (_, i) => i),
    finish: 'stop',
  }
  return {
    group,
    prompt: Int32Array.of(group, 1),
    completion,
    advantage: new Float32Array(length).fill(advantage),
    counts,
    referenceLogprob: floats(length, -3, -0.1),
  }
}

// Groups 7 and 3 of a step, interleaved; the fourth is truncated and masked.
const items = [
  item(7, 0, 6, 1.2),
  item(3, 0, 9, -0.5),
  item(7, 1, 4, -1.2),
  item(3, 1, 5, 0.5, false),
  item(3, 2, 3, 0),
]
const policyTokens = 6 + 9 + 4 + 3

/** Remembers what it was asked, and answers as the policy that sampled moved by `shift` would. */
function recording(shift = 0) {
  const updates: { groups: TrainGroup[]; options: UpdateOptions }[] = []
  const scored: TokenStatistics[] = []
  const backend = {
    async score(groups: { completions: Int32Array[] }[]) {
      return groups.map(({ completions }) =>
        completions.map(({ length }) => {
          scored.push(statistics(length))
          return scored.at(-1)!
        }),
      )
    },
    async update(groups: TrainGroup[], options: UpdateOptions) {
      updates.push({ groups, options })
      return {
        loss: 0.25,
        gradNorm: 2,
        applied: true,
        interrupted: false,
        seconds: 1,
        trainedTokens: 1,
        tokens: groups.map(({ completions }) =>
          completions.map((completion) => {
            const said = completion.tokens.length
            const logprob = completion.rolloutLogprob.map((value) => value + shift)
            const each = Array.from({ length: said }, (_, t) =>
              tokenObjective(
                {
                  logprob: logprob[t],
                  rolloutLogprob: completion.rolloutLogprob[t],
                  referenceLogprob: completion.referenceLogprob?.[t],
                  advantage: completion.advantage[t],
                  entropy: 1,
                },
                options.objective,
              ),
            )
            return {
              logprob,
              slope: Float32Array.from(each, ({ slope }) => slope),
              clipped: Uint8Array.from(each, ({ clipped }) => (clipped ? 1 : 0)),
            }
          }),
        ),
      }
    },
  }
  return { backend: backend as unknown as Backend, updates, scored }
}

type Sections = Pick<RecipeInput, 'algorithm' | 'entropy' | 'train'>
const recipeOf = (changes: Sections) => parseRecipe({ model: 'm', task: { name: 't' }, ...changes })

const flatOf = (statistics: readonly TokenStatistics[]) => ({
  S: Float64Array.from(statistics.flatMap(({ S }) => [...S])),
  expectedS: Float64Array.from(statistics.flatMap(({ expectedS }) => [...expectedS])),
  advantage: Float64Array.from(items.flatMap(({ advantage }) => [...advantage])),
  isPolicyToken: Uint8Array.from(
    items.flatMap(({ counts, completion }) => [...completion.tokens].map(() => Number(counts))),
  ),
})

const firstUpdate = { step: 1, update: 0, rolloutEntropy: 1.25, entropyState: {} }
const laterUpdate = { ...firstUpdate, update: 1 }

const masksOf = (groups: TrainGroup[]) =>
  groups.map(({ completions }) => completions.map(({ gradMask }) => [...gradMask]))

describe('an optimizer step', () => {
  it.each([
    ['clip-b', clipB],
    ['clip-v', clipV],
  ] as const)('%s: one mask over the whole minibatch, whatever the micro-batch', async (method, clip) => {
    const bounds = { muLow: 0.7, muHigh: 0.9 }
    const seen: number[][][][] = []
    for (const tokenBudget of [1, 10, 100_000]) {
      const { backend, updates } = recording()
      const recipe = recipeOf({ entropy: { method, ...bounds }, train: { tokenBudget } })
      const report = await optimizeMinibatch(backend, recipe, items, { lr: 1, ...firstUpdate })
      expect(updates[0].options.tokenBudget).toBe(tokenBudget)
      seen.push(masksOf(updates[0].groups))
      const expected = clip(flatOf(items.map(({ completion }) => completion)), bounds)
      expect(report!.masks.flatMap((mask) => [...mask])).toEqual([...expected.mask])
      expect(report).toMatchObject({ maskedLow: expected.maskedLow, maskedHigh: expected.maskedHigh, policyTokens })
      expect(expected.maskedLow + expected.maskedHigh).toBeGreaterThan(2)
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
  })

  it.each([
    ['high-entropy', 'prob-weight'],
    ['clip-cov'],
    ['kl-cov'],
    ['gspo'],
    ['gmpo'],
    ['vespo'],
    ['stare'],
    ['entrocraft'],
    ['entropic'],
    ['erc', 'ce-gppo'],
  ] as const)('%s %s: the same masks and weights whatever the micro-batch', async (...method) => {
    const clipCov = method[0] === 'clip-cov' ? { clipCov: { share: 0.3, low: 0.01, high: 9 } } : {}
    const seen: object[] = []
    for (const tokenBudget of [1, 100_000]) {
      const { backend, updates } = recording()
      const recipe = recipeOf({ entropy: { method: [...method], ...clipCov }, train: { tokenBudget } })
      // The statistics of the first update are the items' own; those of later ones this backend draws anew.
      await optimizeMinibatch(backend, recipe, items, { lr: 1, ...firstUpdate })
      seen.push(updates[0].groups)
    }
    expect(seen[1]).toEqual(seen[0])
  })

  it('predicts dH with the weights that the update has', async () => {
    const { backend, updates } = recording()
    const recipe = recipeOf({ entropy: { method: 'prob-weight', probWeight: { alpha: 0.6 } } })
    const report = (await optimizeMinibatch(backend, recipe, items, { lr: 1, ...firstUpdate }))!
    // dH = -(1/N) sum (0.6 p + 0.4) A Sc at r = 1.
    let expected = 0
    items.forEach(({ completion, advantage, counts }) => {
      if (!counts) return
      completion.tokens.forEach((_, t) => {
        const weight = 0.6 * Math.exp(completion.logprob[t]) + 0.4
        expected -= (weight * advantage[t] * (completion.S[t] - completion.expectedS[t])) / policyTokens
      })
    })
    expect(report.predictedKept).toBeCloseTo(expected, 6)
    const sent = updates[0].groups[0].completions[0].advantage[0]
    expect(sent).toBeCloseTo(1.2 * (0.6 * Math.exp(items[0].completion.logprob[0]) + 0.4), 6)
  })

  it('gives groups in order of appearance, with weights of lengths alone', async () => {
    const { backend, updates } = recording()
    const recipe = recipeOf({ algorithm: { aggregation: 'sequence' } })
    await optimizeMinibatch(backend, recipe, items, { lr: 0.5, ...firstUpdate })
    const [{ groups, options }] = updates
    expect(groups.map(({ prompt }) => prompt[0])).toEqual([7, 3])
    expect(groups.map(({ completions }) => completions.map(({ tokens }) => tokens.length))).toEqual([
      [6, 4],
      [9, 5, 3],
    ])
    // Four completions count; each token has 1 / (4 length).
    const weights = groups.map(({ completions }) => completions.map(({ weight }) => weight[0]))
    expect(weights).toEqual([
      [Math.fround(1 / 24), 1 / 16],
      [Math.fround(1 / 36), 0, Math.fround(1 / 12)],
    ])
    expect(groups[1].completions[1].gradMask.some((flag) => flag !== 0)).toBe(false)
    expect(options).toMatchObject({ lr: 0.5, temperature: 1, interruptible: true })
  })

  it('predicts dH from slopes, weights and scores, the mask’s share apart', async () => {
    const { backend } = recording()
    const recipe = recipeOf({
      algorithm: { aggregation: 'sequence', klCoef: 0.3, klEstimator: 'k2' },
      entropy: { method: 'clip-v', muLow: 0.5, muHigh: 0.5 },
    })
    const report = (await optimizeMinibatch(backend, recipe, items, { lr: 1, ...firstUpdate }))!
    // dH = -(1/N) sum g Sc with g = N w (A + klCoef (log p_ref - log p)) at r = 1, so -sum w (...) Sc.
    let kept = 0
    let masked = 0
    items.forEach(({ completion, advantage, counts, referenceLogprob }, i) => {
      if (!counts) return
      completion.tokens.forEach((_, t) => {
        const push = advantage[t] + 0.3 * (referenceLogprob![t] - completion.logprob[t])
        const effect = (-push * (completion.S[t] - completion.expectedS[t])) / (4 * completion.tokens.length)
        if (report.masks[i][t]) kept += effect
        else masked += effect
      })
    })
    expect(report.predictedKept).toBeCloseTo(kept, 6)
    expect(report.predictedMasked).toBeCloseTo(masked, 6)
    expect(Math.abs(masked)).toBeGreaterThan(1e-3)
  })

  it.each([0, 1])('counts masked tokens in the loss, KL included (update %i)', async (update) => {
    const shift = update === 0 ? 0 : 0.3
    const { backend, scored } = recording(shift)
    const recipe = recipeOf({
      algorithm: { aggregation: 'sequence', klCoef: 0.3, klEstimator: 'k2' },
      entropy: { method: 'clip-v', muLow: 0.5, muHigh: 0.5 },
    })
    const place = { lr: 1, ...firstUpdate, update }
    const report = (await optimizeMinibatch(backend, recipe, items, place))!
    // The backend, which says 0.25, has left out -w (min(r A, clip(r, 0.8, 1.2) A) - klCoef (log p_ref - log p)^2 / 2).
    let expected = 0.25
    let masked = 0
    items.forEach(({ completion, advantage, counts, referenceLogprob }, i) => {
      if (!counts) return
      completion.tokens.forEach((_, t) => {
        if (report.masks[i][t]) return
        masked++
        // This backend passes every token, and says the sampler's log-probability, shifted.
        const logprob = completion.logprob[t] + shift
        const r = Math.exp(shift)
        const surrogate = Math.min(r * advantage[t], Math.min(Math.max(r, 0.8), 1.2) * advantage[t])
        const k2 = (referenceLogprob![t] - logprob) ** 2 / 2
        expected -= (surrogate - 0.3 * k2) / (4 * completion.tokens.length)
      })
    })
    expect(masked).toBeGreaterThan(3)
    expect(scored.length).toBe(update === 0 ? 0 : items.length)
    expect(report.loss).toBeCloseTo(expected, 6)
  })

  it('after the first takes statistics anew, or keeps the sampler’s', async () => {
    const entropy = { method: 'clip-b', muLow: 1, muHigh: 1 } as const
    const current = recording(0.3)
    const report = (await optimizeMinibatch(current.backend, recipeOf({ entropy }), items, { lr: 1, ...laterUpdate }))!
    expect(current.scored.length).toBe(5)
    // Scored group by group (items 0, 2 and 1, 3, 4), used item by item.
    const anew = [0, 2, 1, 3, 4].map((place) => current.scored[place])
    expect(report.masks.flatMap((mask) => [...mask])).toEqual([...clipB(flatOf(anew), entropy).mask])
    expect(report.ratioMax).toBeCloseTo(Math.exp(0.3), 5)
    // Ratios of e^0.3 = 1.35 lie above 1.2: clipped wherever A > 0.
    expect(report.clipped).toBe(6)
    expect(report.logprobGapMax).toBeUndefined()
    expect(current.updates[0].options).toMatchObject({ interruptible: false, everyToken: false })

    const kept = recording(0.3)
    const recipe = recipeOf({ entropy: { ...entropy, statistics: 'rollout' } })
    const same = (await optimizeMinibatch(kept.backend, recipe, items, { lr: 1, ...laterUpdate }))!
    expect(kept.scored).toEqual([])
    const sampled = items.map(({ completion }) => completion)
    expect(same.masks.flatMap((mask) => [...mask])).toEqual([...clipB(flatOf(sampled), entropy).mask])
    expect(same.logprobGapMax).toBeUndefined()
    // Nothing was scored anew: the ratios of all tokens have to come from the update.
    expect(kept.updates[0].options.everyToken).toBe(true)
  })

  it('measures the gap between sampling and training in the first update', async () => {
    const { backend } = recording(0.01)
    const report = await optimizeMinibatch(backend, recipeOf({}), items, { lr: 1, ...firstUpdate })
    expect(report!.logprobGapMax).toBeCloseTo(0.01, 6)
  })

  it('has nothing to do without a policy token', async () => {
    const { backend, updates } = recording()
    expect(await optimizeMinibatch(backend, recipeOf({}), [items[3]], { lr: 1, ...firstUpdate })).toBeUndefined()
    expect(updates).toEqual([])
  })
})
