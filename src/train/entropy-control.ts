/**
 * What the recipe's entropy control makes of one optimizer step's whole batch, before any of it is trained on: a mask on
 * the gradient, weights on the advantages, and terms of the objective. Everything is taken over all of the step's
 * tokens, so no micro-batch size can change it.
 *
 *   statistics of the batch (A, r, log p, H, moments) + state  ->  EntropyControl + next state
 */
import type { Recipe } from '../config/recipe.js'
import { maskFor } from '../entropy/index.js'
import type { FlatTokens } from './batch.js'
import type { ObjectiveOptions } from './objective.js'

/** What the controllers carry from step to step; JSON, saved in every checkpoint. Each controller has its own key. */
// biome-ignore lint/suspicious/noEmptyInterface: every controller adds its key.
export interface EntropyState {}

export interface ControlContext {
  /** The training step, from 1. */
  step: number
  /** Number of optimizer steps made on this batch of rollouts before; 0: the policy is the one that sampled. */
  update: number
  /** Aggregation weight of every token in the objective. */
  weight: Float64Array
  /** State before this update. */
  state: EntropyState
}

/** One entry per token of the batch, in the order of {@link FlatTokens}. */
export interface EntropyControl {
  /** 1 = gradient flows; 0 at masked and at non-policy tokens. */
  mask: Uint8Array
  maskedLow: number
  maskedHigh: number
  /** Multiplies A in the objective; never negative. Absent: 1. */
  tokenWeight?: Float64Array
  /** r in place of the token's own. */
  ratio?: Float64Array
  /** Coefficient of a KL term to the sampling policy. */
  rolloutKlCoef?: Float64Array
  objective: ObjectiveOptions
  /** Further quantities of the step's metrics. */
  metrics: Record<string, number>
  /** State after this update, if it is applied. */
  state: EntropyState
}

export function entropyControl(tokens: FlatTokens, recipe: Recipe, { state }: ControlContext): EntropyControl {
  const { algorithm } = recipe
  const { mask, maskedLow, maskedHigh } = clipMask(recipe, tokens)
  return {
    mask,
    maskedLow,
    maskedHigh,
    objective: {
      clipLow: algorithm.clipLow,
      clipHigh: algorithm.clipHigh,
      importanceCap: algorithm.importanceCap,
      klCoef: algorithm.klCoef,
      klEstimator: algorithm.klEstimator,
      entropyCoef: algorithm.entropyCoef,
    },
    metrics: {},
    state,
  }
}

/** The configured method's mask over the batch. One bound left out is open. */
function clipMask({ entropy }: Recipe, tokens: FlatTokens) {
  const { method, preset, applyTo, maxFraction } = entropy
  if (method === 'none') return maskFor('none', tokens)
  const open = preset === 'paper' ? Number.POSITIVE_INFINITY : undefined
  return maskFor(method, tokens, {
    preset,
    muLow: entropy.muLow ?? open,
    muHigh: entropy.muHigh ?? open,
    applyTo,
    maxFraction,
  })
}
