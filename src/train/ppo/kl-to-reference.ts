/** The sampling policy's distance from the reference on a step's completions, and the coefficient that follows it. */

import type { TrainItem } from '../batch.js'
import type { LoopOptions } from '../options.js'
import { adaptKlCoef } from './kl-controller.js'

/** TRL's and verl's. */
const defaultHorizon = 10_000

export interface KlToReference {
  /** Mean over completions of the sum of log p - log p_ref over their tokens, nats. */
  perCompletion: number
  /** Mean over policy tokens, nats. */
  perToken: number
  completions: number
}

/** Over the policy tokens of items that have reference log-probabilities; undefined where there are none. */
export function klToReference(items: readonly TrainItem[]): KlToReference | undefined {
  let sum = 0
  let tokens = 0
  let completions = 0
  for (const { counts, completion, referenceLogprob } of items) {
    if (!counts || !referenceLogprob) continue
    completions++
    tokens += referenceLogprob.length
    for (let t = 0; t < referenceLogprob.length; t++) sum += completion.logprob[t] - referenceLogprob[t]
  }
  return completions === 0 ? undefined : { perCompletion: sum / completions, perToken: sum / tokens, completions }
}

/** The next step's coefficient: adapted where the recipe names a target, else the same. */
export function nextKlCoef({ algorithm }: LoopOptions, klCoef: number, measured: KlToReference | undefined): number {
  const { klTarget: target, klHorizon: horizon = defaultHorizon } = algorithm
  if (target === undefined || measured === undefined) return klCoef
  return adaptKlCoef(klCoef, { kl: measured.perCompletion, completions: measured.completions }, { target, horizon })
}

/** The recipe with the step's own coefficient in the loss: 0 where the KL is in the reward. */
export const withKlCoef = (recipe: LoopOptions, klCoef: number): LoopOptions => ({
  ...recipe,
  algorithm: { ...recipe.algorithm, klCoef: recipe.algorithm.klIn === 'loss' ? klCoef : 0 },
})

/** The coefficient, and the distance as far as the update's own kl_nats does not tell it. */
export function klMetrics({ algorithm }: LoopOptions, klCoef: number, measured: KlToReference): Record<string, number> {
  return {
    kl_coef: klCoef,
    kl_completion_nats: measured.perCompletion,
    ...(algorithm.klIn === 'reward' ? { kl_nats: measured.perToken } : {}),
  }
}
