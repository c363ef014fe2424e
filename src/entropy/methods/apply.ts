/**
 * Several methods on one batch: masks multiply, weights multiply, the rule on the ratio comes from the one method that
 * has one. Which methods go together is checked with the recipe (src/entropy/methods/recipe-keys.ts).
 */

import { clipB, clipV } from '../clip.js'
import type { ClipOptions } from '../clip-options.js'
import { classMask, isClassMask } from './class-masks.js'
import { clipCov } from './clip-cov.js'
import { sequenceRatio } from './gspo.js'
import { highEntropy } from './high-entropy.js'
import { klCov } from './kl-cov.js'
import type { ClipBounds } from './ppo-clip.js'
import { probWeight } from './prob-weight.js'
import { type EntropyMethodName, type MethodOptions, methodList, replacesPpoClip } from './recipe-keys.js'
import { type SurrogateRule, surrogate } from './surrogate.js'
import { type DrawKey, type MethodEffect, type MethodTokens, openMask } from './types.js'

export interface MethodSettings extends MethodOptions {
  /** `entropy.method`. */
  method: EntropyMethodName | readonly EntropyMethodName[]
  /** Bounds of PPO's clip. */
  ppo: ClipBounds
  /** Options of clip-b and clip-v. */
  clip: ClipOptions
}

export interface CombinedEffect extends MethodEffect {
  mask: Uint8Array
  /** Tokens that Clip_B, Clip_V or a class mask dropped below and above their bounds. */
  maskedLow: number
  maskedHigh: number
  rule: SurrogateRule
}

/** The rule on the importance ratio that the methods name; PPO's clip where they name none. */
export function ruleOf({ method, ppo, cispo, gspo, dualClip }: MethodSettings): SurrogateRule {
  const names = methodList(method)
  if (names.includes('cispo')) return { surrogate: 'weight', ...cispo }
  if (names.includes('gspo')) return gspo
  if (names.includes('dual-clip')) return { ...ppo, dualClip: dualClip.c }
  return replacesPpoClip(method) === 'kl-cov'
    ? { clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY }
    : ppo
}

/**
 * What the methods make of the whole batch of an optimizer step.
 * @throws {RangeError} for arrays of different lengths, or a statistic of a policy token that is not finite.
 */
export function applyMethods(tokens: MethodTokens, settings: MethodSettings, key: DrawKey): CombinedEffect {
  const rule = ruleOf(settings)
  const mask = openMask(tokens.isPolicyToken)
  const names = methodList(settings.method)
  const effect: CombinedEffect = { mask, maskedLow: 0, maskedHigh: 0, rule }
  if (names.includes('gspo')) effect.ratio = sequenceRatio(tokens)
  const multiply = (other: Uint8Array) => {
    for (let t = 0; t < mask.length; t++) mask[t] &= other[t]
  }
  for (const name of names) {
    if (name === 'clip-b' || name === 'clip-v' || isClassMask(name)) {
      const result = isClassMask(name)
        ? classMask(name, tokens)
        : (name === 'clip-b' ? clipB : clipV)(tokens, settings.clip)
      multiply(result.mask)
      effect.maskedLow += result.maskedLow
      effect.maskedHigh += result.maskedHigh
    } else if (name === 'high-entropy') {
      multiply(highEntropy(tokens, settings.highEntropy))
    } else if (name === 'clip-cov') {
      multiply(clipCov(tokens, settings.clipCov, key, stopped(tokens, effect)))
    } else if (name === 'kl-cov') {
      effect.rolloutKlCoef = klCov(tokens, settings.klCov)
    } else if (name === 'prob-weight') {
      effect.weight = probWeight(tokens, settings.probWeight)
    }
  }
  return effect
}

/** 1 where the rule stops the gradient, by the ratios known before the gradient pass. */
function stopped(
  { advantage, logprob, rolloutLogprob }: MethodTokens,
  { rule, ratio }: Pick<CombinedEffect, 'rule' | 'ratio'>,
): Uint8Array {
  return Uint8Array.from(advantage, (A, t) => {
    const r = ratio ? ratio[t] : Math.exp(logprob[t] - rolloutLogprob[t])
    return surrogate(rule, { ratio: r, advantage: A, logprob: logprob[t] }).clipped ? 1 : 0
  })
}
