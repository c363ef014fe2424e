/**
 * Several methods on one batch: masks multiply, weights multiply, the rule on the ratio comes from the one method that
 * has one. Which methods go together is checked with the recipe (src/entropy/methods/recipe-keys.ts).
 */

import type { EntropyMethod } from './method.js'
import type { ClipBounds } from './ppo-clip.js'
import { type EntropyMethodName, type MethodOptions, namedMethods, replacesPpoClip } from './recipe-keys.js'
import { type SurrogateRule, surrogate } from './surrogate.js'
import { type DrawKey, type MethodEffect, type MethodTokens, openMask } from './types.js'

export interface MethodSettings extends MethodOptions {
  /** `entropy.method`. */
  method: EntropyMethodName | readonly EntropyMethodName[]
  /** Bounds of PPO's clip. */
  ppo: ClipBounds
}

/** Where in the run the batch is, and what the methods' controllers know there (states.ts). */
export interface MethodPlace extends DrawKey {
  states?: object
}

export interface CombinedEffect extends MethodEffect {
  mask: Uint8Array
  /** Tokens that Clip_B, Clip_V or a class mask dropped below and above their bounds. */
  maskedLow: number
  maskedHigh: number
  rule: SurrogateRule
}

/** What the method's own functions take as its options. */
export const optionsOf = ({ options }: EntropyMethod, settings: MethodOptions): unknown =>
  options === undefined ? undefined : settings[options.key as keyof MethodOptions]

/** State of the method's controller, where it has one and there is a state. */
const stateOf = ({ controller }: EntropyMethod, states: object): unknown =>
  controller && (states as Record<string, unknown>)[controller.key]

/** The rule on the importance ratio that the methods name; PPO's clip where they name none. `states`: of controllers. */
export function ruleOf(settings: MethodSettings, states: object = {}): SurrogateRule {
  const { method, ppo } = settings
  const ruling =
    replacesPpoClip(method) ?? namedMethods(method).find(({ ppoClip, rule }) => ppoClip === 'keeps' && rule)
  return ruling?.rule?.(optionsOf(ruling, settings), ppo, stateOf(ruling, states)) ?? ppo
}

/** What a group's rewards are compared with, where a method says it; undefined: their mean. */
export function baselineOf(settings: MethodSettings): ((rewards: readonly number[]) => number) | undefined {
  const method = namedMethods(settings.method).find(({ baseline }) => baseline)
  return method && ((rewards) => method.baseline!(rewards, optionsOf(method, settings)))
}

/**
 * What the methods make of the whole batch of an optimizer step.
 * @throws {RangeError} for arrays of different lengths, or a statistic of a policy token that is not finite.
 */
export function applyMethods(
  tokens: MethodTokens,
  settings: MethodSettings,
  { states = {}, ...key }: MethodPlace,
): CombinedEffect {
  const named = namedMethods(settings.method)
  const mask = openMask(tokens.isPolicyToken)
  const combined: CombinedEffect = { mask, maskedLow: 0, maskedHigh: 0, rule: ruleOf(settings, states) }
  for (const method of named) {
    if (method.ratio) combined.ratio = method.ratio(tokens, optionsOf(method, settings))
  }
  for (const method of named) {
    const context = { ...key, state: stateOf(method, states), stopped: () => stopped(tokens, combined) }
    const own = method.effect?.(tokens, optionsOf(method, settings), context)
    if (own) join(combined, own)
  }
  return combined
}

function join(combined: CombinedEffect, { mask, maskedLow = 0, maskedHigh = 0, weight, rolloutKlCoef }: MethodEffect) {
  if (mask) for (let t = 0; t < mask.length; t++) combined.mask[t] &= mask[t]
  combined.maskedLow += maskedLow
  combined.maskedHigh += maskedHigh
  if (weight) combined.weight = combined.weight?.map((value, t) => value * weight[t]) ?? weight
  if (rolloutKlCoef) {
    combined.rolloutKlCoef = combined.rolloutKlCoef?.map((value, t) => value + rolloutKlCoef[t]) ?? rolloutKlCoef
  }
}

/** 1 where the rule stops the gradient, by the ratios known before the gradient pass. */
function stopped(
  { advantage, logprob, rolloutLogprob }: MethodTokens,
  { rule, ratio }: Pick<CombinedEffect, 'rule' | 'ratio'>,
): Uint8Array {
  return Uint8Array.from(advantage, (A, t) => {
    const r = ratio ? ratio[t] : Math.exp(logprob[t] - rolloutLogprob[t])
    const token = { ratio: r, advantage: A, logprob: logprob[t], rolloutLogprob: rolloutLogprob[t] }
    return surrogate(rule, token).clipped ? 1 : 0
  })
}
