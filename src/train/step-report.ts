/** What one optimizer step reports: its size, what it was predicted to do to the entropy, and what the backend said. */
import { covariance, predictStep } from '../entropy/index.js'
import type { TrainCompletion, UpdateResult } from './backend.js'
import type { EntropyControl, EntropyState } from './entropy-control.js'
import { type LedgerTokens, ledgerMetrics } from './ledger.js'
import type { Minibatch } from './minibatch.js'
import { tokenOutcomes } from './token-outcomes.js'

/** Sums and counts are over policy tokens, so that several steps add up. */
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
  /** The objective's negative over all policy tokens, those under the entropy mask included. */
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

type Derivatives = Record<'logprob' | 'entropy', Float64Array>

interface Done {
  batch: Minibatch
  control: EntropyControl
  /** Per item, as the backend got them. */
  trained: readonly TrainCompletion[]
  update: UpdateResult
  /** Whether the policy was still the one that the statistics are of. */
  unmoved: boolean
  /** performance.now() at the step's start. */
  began: number
}

export function stepReport({ batch, control, trained, update, unmoved, began }: Done): StepReport {
  const { tokens, weight, policyTokens } = batch
  const { mask, objective } = control
  const outcomes = tokenOutcomes(batch, trained, update, objective)
  const { slope, ratio, ratioMax, clipped, klSum, gap } = outcomes
  const predicted = update.applied
    ? predictStep({ ...tokens, slope, mask, weight }, { entropyCoef: objective.entropyCoef })
    : undefined
  const centered = tokens.S.map((value, t) => value - tokens.expectedS[t])
  const covarianceWith = (scores: Float64Array) => covariance(tokens.advantage, scores, tokens.isPolicyToken)
  return {
    policyTokens,
    covASc: covarianceWith(centered),
    covARSc: update.applied ? covarianceWith(centered.map((value, t) => value * ratio[t])) : Number.NaN,
    predictedKept: predicted ? predicted.kept + predicted.bonus : Number.NaN,
    predictedMasked: predicted?.masked ?? Number.NaN,
    masked: policyTokens - mask.reduce((total, flag) => total + flag, 0),
    maskedLow: control.maskedLow,
    maskedHigh: control.maskedHigh,
    ratioMax,
    clipped,
    klSum,
    loss: update.loss - outcomes.maskedObjective,
    gradNorm: update.gradNorm,
    // Once the policy has moved, what differs is the ratio.
    logprobGapMax: unmoved ? gap : undefined,
    seconds: (performance.now() - began) / 1000,
    trainedTokens: update.trainedTokens,
    masks: trained.map(({ gradMask }) => gradMask),
    control: control.metrics,
    warnings: control.warnings ?? [],
    ledger: predicted ? ledgerOf(batch, control, slope, update, predicted.dH) : {},
    entropyState: control.state,
    update,
  }
}

/** Metrics of the step's ledger, empty where none was kept. */
function ledgerOf(
  batch: Minibatch,
  { mask, objective }: EntropyControl,
  slope: Float64Array,
  { ledger }: UpdateResult,
  predicted: number,
): Record<string, number> {
  if (!ledger) return {}
  const tokens: LedgerTokens = {
    ...batch.tokens,
    mask,
    slope,
    bonus: batch.weight.map((value) => value * objective.entropyCoef),
    ...(ledger.tokens ? { along: flatten(batch, batch.groups.inItemOrder(ledger.tokens)) } : {}),
  }
  return ledgerMetrics(ledger, predicted, tokens)
}

function flatten(batch: Minibatch, perItem: readonly Derivatives[]): Derivatives {
  const length = batch.weight.length
  const along = { logprob: new Float64Array(length), entropy: new Float64Array(length) }
  batch.eachPolicyToken((i, t, at) => {
    along.logprob[at] = perItem[i].logprob[t]
    along.entropy[at] = perItem[i].entropy[t]
  })
  return along
}
