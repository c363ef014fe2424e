/**
 * One optimizer step on a minibatch: statistics, mask, update, and what it means for the entropy. The mask is taken
 * over all of the minibatch's tokens before any of them is trained on.
 */

import { covariance, predictStep } from '../entropy/index.js'
import type { TokenStatistics } from '../rollout/types.js'
import { tokenWeights } from './aggregation.js'
import type { Backend, TrainCompletion, TrainGroup, UpdateResult } from './backend.js'
import { byGroup, type FlatTokens, flatten, type TrainItem } from './batch.js'
import { type EntropyControl, type EntropyState, entropyControl } from './entropy-control.js'
import { type LedgerTokens, ledgerMetrics } from './ledger.js'
import { tokenObjective } from './objective.js'
import type { LoopOptions } from './options.js'

/** What one optimizer step reports. Sums and counts over policy tokens, so that several steps add up. */
export interface StepReport {
  policyTokens: number
  covASc: number
  covARSc: number
  predictedKept: number
  predictedMasked: number
  /** Policy tokens whose gradient the entropy control took. */
  masked: number
  maskedLow: number
  maskedHigh: number
  ratioMax: number
  clipped: number
  klSum?: number
  loss: number
  gradNorm: number
  /** Absent where no token was passed, or the policy has moved since the statistics were taken. */
  logprobGapMax?: number
  seconds: number
  trainedTokens: number
  /** Gradient masks, per item. */
  masks: Uint8Array[]
  /** Further metrics of the entropy control, and what it has to say. */
  control: Record<string, number>
  warnings: string[]
  /** Metrics of a ledger step. */
  ledger: Record<string, number>
  /** The entropy control's state after this update. */
  entropyState: EntropyState
  update: UpdateResult
}

export interface UpdatePlace {
  lr: number
  step: number
  /** Optimizer steps made on this batch before; at 0 the sampler's own statistics are the policy's. */
  update: number
  /** Mean entropy of the whole batch of rollouts, over its policy tokens, nats. */
  rolloutEntropy: number
  entropyState: EntropyState
}

/** Returns undefined where the minibatch has no policy token. */
export async function optimizeMinibatch(
  backend: Backend,
  recipe: LoopOptions,
  items: TrainItem[],
  place: UpdatePlace,
): Promise<StepReport | undefined> {
  if (!items.some(({ counts, completion }) => counts && completion.tokens.length > 0)) return undefined
  const began = performance.now()
  const { algorithm, entropy, rollout, train } = recipe
  const groups = byGroup(items)
  const first = place.update === 0
  const sampled = first || entropy.statistics === 'rollout'
  const statistics = sampled
    ? items.map(({ completion }) => completion as TokenStatistics)
    : await scoreItems(backend, recipe, items, groups)
  const flat = flatten(items, statistics)
  const lengths = items.map(({ completion, counts }) => (counts ? completion.tokens.length : 0))
  const weights = tokenWeights(lengths, algorithm.aggregation, algorithm.constantLength ?? rollout.maxNewTokens)
  const weight = new Float64Array(flat.S.length)
  items.forEach(({ completion }, i) => {
    weight.fill(weights[i], flat.starts[i], flat.starts[i] + completion.tokens.length)
  })
  const control = entropyControl(flat, recipe, {
    step: place.step,
    update: place.update,
    weight,
    rolloutEntropy: place.rolloutEntropy,
    state: place.entropyState,
  })
  const completions = items.map((item, i) => toTrain(item, flat.starts[i], weights[i], control))
  const trainGroups: TrainGroup[] = groups.map((members) => ({
    prompt: items[members[0]].prompt,
    completions: members.map((i) => completions[i]),
  }))
  const update = await backend.update(trainGroups, {
    objective: control.objective,
    temperature: rollout.temperature,
    lr: place.lr,
    weightDecay: train.weightDecay,
    betas: train.betas,
    eps: train.eps,
    gradClip: train.gradClip,
    tokenBudget: train.tokenBudget,
    activationCheckpointing: train.activationCheckpointing,
    // The policy has moved since the statistics were taken: no token's ratio is known without a pass.
    everyToken: sampled && !first,
    ledger: recipe.ledger !== undefined && place.step % recipe.ledger.every === 0,
    // Once a step has changed the policy it has to be finished.
    interruptible: first,
  })
  update.nonFinite?.tokens.forEach((place) => {
    const { group, completion } = items[groups[place.group][place.completion]]
    Object.assign(place, { group, completion: completion.sample })
  })
  return report({ items, groups, statistics, flat, control, completions, weight, update, began, first })
}

/** What the backend gets of an item: the control's weights are folded into the advantages. */
function toTrain(
  { completion, advantage, referenceLogprob }: TrainItem,
  at: number,
  weight: number,
  { mask, tokenWeight, ratio, rolloutKlCoef }: EntropyControl,
): TrainCompletion {
  const { tokens, logprob } = completion
  const { length } = tokens
  const own = (values: Float64Array) => Float32Array.from(values.subarray(at, at + length))
  return {
    tokens,
    rolloutLogprob: logprob,
    ...(referenceLogprob ? { referenceLogprob } : {}),
    advantage: tokenWeight ? advantage.map((value, t) => value * tokenWeight[at + t]) : advantage,
    ...(ratio ? { ratio: own(ratio) } : {}),
    ...(rolloutKlCoef ? { rolloutKlCoef: own(rolloutKlCoef) } : {}),
    gradMask: mask.slice(at, at + length),
    weight: new Float32Array(length).fill(weight),
  }
}

async function scoreItems(
  backend: Backend,
  recipe: LoopOptions,
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
  flat: FlatTokens
  control: EntropyControl
  /** Per item, as the backend got them. */
  completions: TrainCompletion[]
  weight: Float64Array
  update: UpdateResult
  began: number
  first: boolean
}

function report({
  items,
  groups,
  statistics,
  flat,
  control,
  completions,
  weight,
  update,
  began,
  first,
}: Done): StepReport {
  const count = flat.S.length
  const N = flat.isPolicyToken.reduce((total, flag) => total + flag, 0)
  const g = new Float64Array(count)
  const ratio = new Float64Array(count).fill(1)
  const clipped = new Uint8Array(count)
  const { objective } = control
  let ratioMax = 0
  let klSum: number | undefined
  let gap: number | undefined
  let clippedCount = 0
  groups.forEach((members, group) => {
    members.forEach((i, c) => {
      const { completion, counts } = items[i]
      const trained = completions[i]
      if (!counts) return
      const said = update.tokens[group][c]
      for (let t = 0; t < completion.tokens.length; t++) {
        const at = flat.starts[i] + t
        const passed = !Number.isNaN(said.logprob[t])
        // Tokens that needed no pass: their log-probability is the one the statistics were taken with.
        const logprob = passed ? said.logprob[t] : statistics[i].logprob[t]
        const token = passed
          ? { slope: said.slope[t], clipped: said.clipped[t] === 1, kl: said.kl?.[t] }
          : tokenObjective(
              {
                logprob,
                rolloutLogprob: completion.logprob[t],
                ratio: trained.ratio?.[t],
                referenceLogprob: trained.referenceLogprob?.[t],
                rolloutKlCoef: trained.rolloutKlCoef?.[t],
                advantage: trained.advantage[t],
                entropy: statistics[i].entropy[t],
              },
              objective,
            )
        g[at] = token.slope * weight[at] * N
        ratio[at] = Math.exp(logprob - completion.logprob[t])
        clipped[at] = token.clipped ? 1 : 0
        clippedCount += clipped[at]
        ratioMax = Math.max(ratioMax, ratio[at])
        if (token.kl !== undefined) klSum = (klSum ?? 0) + token.kl
        // Later the policy has moved, and what differs is the ratio.
        if (passed && first) gap = Math.max(gap ?? 0, Math.abs(logprob - statistics[i].logprob[t]))
      }
    })
  })
  const finite = update.applied
  const predicted = finite
    ? predictStep({ ...flat, g, mask: control.mask, weight }, { entropyCoef: objective.entropyCoef })
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
    masked: N - control.mask.reduce((total, flag) => total + flag, 0),
    maskedLow: control.maskedLow,
    maskedHigh: control.maskedHigh,
    ratioMax,
    clipped: clippedCount,
    klSum,
    loss: update.loss,
    gradNorm: update.gradNorm,
    logprobGapMax: gap,
    seconds: (performance.now() - began) / 1000,
    trainedTokens: update.trainedTokens,
    masks: completions.map(({ gradMask }) => gradMask),
    control: control.metrics,
    warnings: control.warnings ?? [],
    ledger: predicted ? ledgerOf({ items, groups, flat, control, weight, update }, g, predicted.dH) : {},
    entropyState: control.state,
    update,
  }
}

/** Metrics of the step's ledger, empty where none was kept. */
function ledgerOf(
  {
    items,
    groups,
    flat,
    control,
    weight,
    update,
  }: Pick<Done, 'items' | 'groups' | 'flat' | 'control' | 'weight' | 'update'>,
  g: Float64Array,
  predicted: number,
): Record<string, number> {
  const { ledger } = update
  if (!ledger) return {}
  const N = flat.isPolicyToken.reduce((total, flag) => total + flag, 0)
  const along = { logprob: new Float64Array(g.length), entropy: new Float64Array(g.length) }
  groups.forEach((members, group) => {
    members.forEach((i, c) => {
      const found = ledger.tokens?.[group][c]
      if (!found || !items[i].counts) return
      along.logprob.set(found.logprob, flat.starts[i])
      along.entropy.set(found.entropy, flat.starts[i])
    })
  })
  const tokens: LedgerTokens = {
    ...flat,
    mask: control.mask,
    slope: g.map((value) => value / N),
    bonus: weight.map((value) => value * control.objective.entropyCoef),
    ...(ledger.tokens ? { along } : {}),
  }
  return ledgerMetrics(ledger, predicted, tokens)
}
