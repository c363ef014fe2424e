/**
 * One optimizer step on a minibatch: statistics, mask, update, and what it means for the entropy. The mask is taken
 * over all of the minibatch's tokens before any of them is trained on.
 */
import type { Recipe } from '../config/recipe.js'
import { covariance, type MaskResult, maskFor, predictStep } from '../entropy/index.js'
import type { TokenStatistics } from '../rollout/types.js'
import { tokenWeights } from './aggregation.js'
import type { Backend, TrainCompletion, TrainGroup, UpdateResult } from './backend.js'
import { byGroup, flatten, type TrainItem } from './batch.js'
import { tokenObjective } from './objective.js'

/** What one optimizer step reports. Sums and counts over policy tokens, so that several steps add up. */
export interface StepReport {
  policyTokens: number
  covASc: number
  covARSc: number
  predictedKept: number
  predictedMasked: number
  maskedLow: number
  maskedHigh: number
  ratioMax: number
  clipped: number
  klSum?: number
  loss: number
  gradNorm: number
  logprobGapMax: number
  seconds: number
  trainedTokens: number
  /** Gradient masks, per item. */
  masks: Uint8Array[]
  update: UpdateResult
}

/**
 * `first`: no update has been made on this batch yet, so the sampler's own statistics are the policy's.
 * Returns undefined where the minibatch has no policy token.
 */
export async function optimizeMinibatch(
  backend: Backend,
  recipe: Recipe,
  items: TrainItem[],
  options: { lr: number; first: boolean },
): Promise<StepReport | undefined> {
  if (!items.some(({ counts, completion }) => counts && completion.tokens.length > 0)) return undefined
  const began = performance.now()
  const { algorithm, entropy, rollout, train } = recipe
  const groups = byGroup(items)
  const useRollout = options.first || entropy.statistics === 'rollout'
  const statistics = useRollout
    ? items.map(({ completion }) => completion as TokenStatistics)
    : await scoreItems(backend, recipe, items, groups)
  const flat = flatten(items, statistics)
  const mask = gradientMask(recipe, flat)

  const lengths = items.map(({ completion, counts }) => (counts ? completion.tokens.length : 0))
  const weights = tokenWeights(lengths, algorithm.aggregation, algorithm.constantLength ?? rollout.maxNewTokens)
  const slices = items.map(({ completion }, i) =>
    mask.mask.slice(flat.starts[i], flat.starts[i] + completion.tokens.length),
  )
  const objective = {
    clipLow: algorithm.clipLow,
    clipHigh: algorithm.clipHigh,
    importanceCap: algorithm.importanceCap,
    klCoef: algorithm.klCoef,
    klEstimator: algorithm.klEstimator,
    entropyCoef: algorithm.entropyCoef,
  }
  const toTrain = (i: number): TrainCompletion => {
    const { completion, advantage, referenceLogprob } = items[i]
    const { length } = completion.tokens
    return {
      tokens: completion.tokens,
      rolloutLogprob: completion.logprob,
      ...(referenceLogprob ? { referenceLogprob } : {}),
      advantage: new Float32Array(length).fill(advantage),
      gradMask: slices[i],
      weight: new Float32Array(length).fill(weights[i]),
    }
  }
  const trainGroups: TrainGroup[] = groups.map((members) => ({
    prompt: items[members[0]].prompt,
    completions: members.map(toTrain),
  }))
  const update = await backend.update(trainGroups, {
    objective,
    temperature: rollout.temperature,
    lr: options.lr,
    weightDecay: train.weightDecay,
    betas: train.betas,
    eps: train.eps,
    gradClip: train.gradClip,
    tokenBudget: train.tokenBudget,
    // Once a step has changed the policy it has to be finished.
    interruptible: options.first,
  })
  update.nonFinite?.tokens.forEach((place) => {
    const { group, completion } = items[groups[place.group][place.completion]]
    Object.assign(place, { group, completion: completion.sample })
  })
  const { first } = options
  return report({ items, groups, statistics, flat, mask, slices, weights, objective, update, began, first })
}

/** The configured method's mask over the minibatch. One bound left out is open. */
function gradientMask({ entropy }: Recipe, flat: ReturnType<typeof flatten>): MaskResult {
  const { method, preset, applyTo, maxFraction } = entropy
  if (method === 'none') return maskFor('none', flat)
  const open = preset === 'paper' ? Number.POSITIVE_INFINITY : undefined
  return maskFor(method, flat, {
    preset,
    muLow: entropy.muLow ?? open,
    muHigh: entropy.muHigh ?? open,
    applyTo,
    maxFraction,
  })
}

async function scoreItems(
  backend: Backend,
  recipe: Recipe,
  items: TrainItem[],
  groups: number[][],
): Promise<TokenStatistics[]> {
  const scored = await backend.score(
    groups.map((members) => ({
      prompt: items[members[0]].prompt,
      completions: members.map((i) => items[i].completion.tokens),
    })),
    { temperature: recipe.rollout.temperature, tokenBudget: recipe.train.tokenBudget },
  )
  const statistics: TokenStatistics[] = []
  groups.forEach((members, g) => {
    members.forEach((i, c) => {
      statistics[i] = scored[g][c]
    })
  })
  return statistics
}

interface Done {
  items: TrainItem[]
  groups: number[][]
  statistics: TokenStatistics[]
  flat: ReturnType<typeof flatten>
  mask: MaskResult
  slices: Uint8Array[]
  weights: number[]
  objective: Parameters<typeof tokenObjective>[1]
  update: UpdateResult
  began: number
  first: boolean
}

function report({
  items,
  groups,
  statistics,
  flat,
  mask,
  slices,
  weights,
  objective,
  update,
  began,
  first,
}: Done): StepReport {
  const count = flat.S.length
  const N = flat.isPolicyToken.reduce((total, flag) => total + flag, 0)
  const g = new Float64Array(count)
  const ratio = new Float64Array(count).fill(1)
  const clipped = new Uint8Array(count)
  const bonusWeight = new Float64Array(count)
  let ratioMax = 0
  let klSum: number | undefined
  let gap = 0
  let clippedCount = 0
  groups.forEach((members, group) => {
    members.forEach((i, c) => {
      const { completion, counts, advantage, referenceLogprob } = items[i]
      if (!counts) return
      const said = update.tokens[group][c]
      for (let t = 0; t < completion.tokens.length; t++) {
        const at = flat.starts[i] + t
        const trained = !Number.isNaN(said.logprob[t])
        // Tokens that needed no pass: their log-probability is the one the statistics were taken with.
        const logprob = trained ? said.logprob[t] : statistics[i].logprob[t]
        const token = trained
          ? { slope: said.slope[t], clipped: said.clipped[t] === 1, kl: said.kl?.[t] }
          : tokenObjective(
              {
                logprob,
                rolloutLogprob: completion.logprob[t],
                referenceLogprob: referenceLogprob?.[t],
                advantage,
                entropy: statistics[i].entropy[t],
              },
              objective,
            )
        g[at] = token.slope * weights[i] * N
        bonusWeight[at] = weights[i]
        ratio[at] = Math.exp(logprob - completion.logprob[t])
        clipped[at] = token.clipped ? 1 : 0
        clippedCount += clipped[at]
        ratioMax = Math.max(ratioMax, ratio[at])
        if (token.kl !== undefined) klSum = (klSum ?? 0) + token.kl
        // Later the policy has moved, and what differs is the ratio.
        if (trained && first) gap = Math.max(gap, Math.abs(logprob - statistics[i].logprob[t]))
      }
    })
  })
  const finite = update.applied
  const predicted = finite
    ? predictStep({ ...flat, g, mask: mask.mask, weight: bonusWeight }, { entropyCoef: objective.entropyCoef })
    : undefined
  const centred = flat.S.map((value, t) => value - flat.expectedS[t])
  return {
    policyTokens: N,
    covASc: covariance(flat.advantage, centred, flat.isPolicyToken),
    covARSc: finite
      ? covariance(
          flat.advantage,
          centred.map((value, t) => value * ratio[t]),
          flat.isPolicyToken,
        )
      : Number.NaN,
    predictedKept: predicted ? predicted.kept + predicted.bonus : Number.NaN,
    predictedMasked: predicted?.masked ?? Number.NaN,
    maskedLow: mask.maskedLow,
    maskedHigh: mask.maskedHigh,
    ratioMax,
    clipped: clippedCount,
    klSum,
    loss: update.loss,
    gradNorm: update.gradNorm,
    logprobGapMax: gap,
    seconds: (performance.now() - began) / 1000,
    trainedTokens: update.trainedTokens,
    masks: slices,
    update,
  }
}
