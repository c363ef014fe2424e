/**
 * What the recipe's entropy control makes of one optimizer step's whole batch, before any of it is trained on: a mask on
 * the gradient, weights on the advantages, and terms of the objective. Everything is taken over all of the step's
 * tokens, so no micro-batch size can change it.
 *
 *   statistics of the batch (A, r, log p, H, moments) + state  ->  EntropyControl + next state
 */

import { type AdaptiveState, adaptCoefficient } from '../entropy/methods/adaptive-entropy.js'
import { applyMethods, type MethodSettings } from '../entropy/methods/apply.js'
import { methodList, methodOptions } from '../entropy/methods/recipe-keys.js'
import type { SetpointState } from '../entropy/setpoint.js'
import type { FlatTokens } from './batch.js'
import type { ObjectiveOptions } from './objective.js'
import type { LoopOptions } from './options.js'
import { holdEntropy } from './setpoint-control.js'

/** What the controllers carry from step to step; JSON, saved in every checkpoint. Each controller has its own key. */
export interface EntropyState {
  adaptive?: AdaptiveState
  setpoint?: SetpointState
}

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
  const { algorithm, seed } = recipe
  const { step, update } = context
  const effect = applyMethods(tokens, methodSettings(recipe), { seed, step, update })
  const { coefficient, state, metrics } = bonus(recipe, context)
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
      entropyCoef: coefficient,
    },
    metrics,
    state,
  }
  return recipe.entropy.target === undefined ? control : holdEntropy(control, tokens, recipe, context)
}

/** The methods with their options, as the recipe says. A clip's bound that is left out is open. */
export function methodSettings({ algorithm, entropy }: LoopOptions): MethodSettings {
  const open = entropy.preset === 'paper' ? Number.POSITIVE_INFINITY : undefined
  return {
    ...methodOptions(entropy),
    method: entropy.method,
    ppo: { clipLow: algorithm.clipLow, clipHigh: algorithm.clipHigh },
    clip: {
      preset: entropy.preset,
      muLow: entropy.muLow ?? open,
      muHigh: entropy.muHigh ?? open,
      applyTo: entropy.applyTo,
      maxFraction: entropy.maxFraction,
    },
  }
}

/** The entropy bonus's coefficient; an adaptive one moves once per batch of rollouts, before its first update. */
function bonus(
  { algorithm, entropy }: LoopOptions,
  { update, rolloutEntropy, state }: ControlContext,
): { coefficient: number; state: EntropyState; metrics: Record<string, number> } {
  if (!methodList(entropy.method).includes('adaptive-entropy')) {
    return { coefficient: algorithm.entropyCoef, state, metrics: {} }
  }
  const adaptive =
    update === 0 || !state.adaptive
      ? adaptCoefficient(state.adaptive, rolloutEntropy, methodOptions(entropy).adaptive)
      : state.adaptive
  return { coefficient: adaptive.used, state: { ...state, adaptive }, metrics: { entropy_coef: adaptive.used } }
}
