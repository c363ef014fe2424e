/**
 * What the recipe's entropy control makes of one optimizer step's whole batch, before any of it is trained on: a mask on
 * the gradient, weights on the advantages, and terms of the objective. Everything is taken over all of the step's
 * tokens, so no micro-batch size can change it.
 *
 *   statistics of the batch (A, r, log p, H, moments) + state  ->  EntropyControl + next state
 */

import { applyMethods, type MethodSettings } from '../entropy/methods/apply.js'
import { methodOptions } from '../entropy/methods/recipe-keys.js'
import { nextStates, setByStates } from '../entropy/methods/states.js'
import type { FlatTokens } from './batch.js'
import type { EntropyState } from './loop-state.js'
import type { ObjectiveOptions } from './objective.js'
import type { LoopOptions } from './options.js'
import { holdEntropy } from './target-control.js'

export type { EntropyState } from './loop-state.js'

export interface ControlContext {
  /** The training step, from 1. */
  step: number
  /** Number of optimizer steps made on this batch of rollouts before; 0: the policy is the one that sampled. */
  update: number
  /** Aggregation weight of every token in the objective. */
  weight: Float64Array
  /** Mean entropy of the batch of rollouts, over all its policy tokens, nats; of its minibatches all have the same. */
  rolloutEntropy: number
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
  /** What the user should hear of. */
  warnings?: string[]
  /** State after this update, if it is applied. */
  state: EntropyState
}

export function entropyControl(tokens: FlatTokens, recipe: LoopOptions, context: ControlContext): EntropyControl {
  const { algorithm, seed, train } = recipe
  const { step, update, rolloutEntropy, state } = context
  const settings = methodSettings(recipe)
  const states = nextStates(settings, state, { update, entropy: rolloutEntropy, step, steps: train.steps })
  const effect = applyMethods(tokens, settings, { seed, step, update, states })
  const { entropyCoef = algorithm.entropyCoef, metrics } = setByStates(settings, states)
  const control: EntropyControl = {
    mask: effect.mask,
    maskedLow: effect.maskedLow,
    maskedHigh: effect.maskedHigh,
    tokenWeight: effect.weight,
    ratio: effect.ratio,
    rolloutKlCoef: effect.rolloutKlCoef,
    objective: {
      ...effect.rule,
      importanceCap: algorithm.importanceCap,
      klCoef: algorithm.klCoef,
      klEstimator: algorithm.klEstimator,
      entropyCoef,
    },
    metrics,
    state: { ...state, ...states },
  }
  return recipe.entropy.target === undefined ? control : holdEntropy(control, tokens, recipe, context)
}

/** The methods with their options, as the recipe says. */
export const methodSettings = ({ algorithm, entropy }: LoopOptions): MethodSettings => ({
  ...methodOptions(entropy),
  method: entropy.method,
  ppo: { clipLow: algorithm.clipLow, clipHigh: algorithm.clipHigh },
})
