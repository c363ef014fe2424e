/**
 * The bounds of a clip that bring a step's predicted dH to a wanted value.
 *
 * The batch's tokens are put in the order of a clip's score, outliers first. Masking works one way at a time: to lift
 * the prediction, tokens whose update lowers entropy are masked (the others are kept whatever their score), to sink it
 * those whose update raises entropy. The farther the bound comes in, the more of them are masked.
 */
import type { FloatArray } from './statistics.js'

export interface ThresholdTokens {
  /** The clip's score less its centre: S* - mean S* (Clip_B) or Sc (Clip_V). */
  deviation: FloatArray
  /** What the token's update adds to the step's predicted dH: -(1/N) c g Sc. */
  effect: FloatArray
  /** 1 = may be masked. */
  eligible: Uint8Array
}

export interface Threshold {
  /** Eligible tokens of the opposing kind are masked where |deviation| > bound; Infinity: none are. */
  bound: number
  /** 1 = masked. */
  masked: Uint8Array
  maskedLow: number
  maskedHigh: number
  /** Predicted dH without masks, and with this one. */
  unmasked: number
  kept: number
  /** True where the cap, or the end of the tokens that could be masked, left the prediction short of what was wanted. */
  saturated: boolean
}

/**
 * The bound that brings the sum of the kept effects closest to `wanted` (nats, in the effects' unit) while at most
 * `cap` tokens are masked. Tokens of equal |deviation| are masked together or not at all; a deviation of 0 never is.
 *
 * @param offset Predicted dH that no mask changes, such as that of an entropy bonus.
 */
export function thresholdFor(
  { deviation, effect, eligible }: ThresholdTokens,
  { wanted, cap, offset = 0 }: { wanted: number; cap: number; offset?: number },
): Threshold {
  let unmasked = offset
  for (let i = 0; i < effect.length; i++) unmasked += effect[i]
  const lift = wanted > unmasked
  const candidates: number[] = []
  for (let i = 0; i < effect.length; i++) {
    if (eligible[i] && deviation[i] !== 0 && (lift ? effect[i] < 0 : effect[i] > 0)) candidates.push(i)
  }
  const distance = (i: number) => Math.abs(deviation[i])
  candidates.sort((a, b) => distance(b) - distance(a))
  const result: Threshold = {
    bound: Number.POSITIVE_INFINITY,
    masked: new Uint8Array(effect.length),
    maskedLow: 0,
    maskedHigh: 0,
    unmasked,
    kept: unmasked,
    saturated: false,
  }
  let next = 0
  while (result.kept !== wanted) {
    if (next === candidates.length) {
      result.saturated = true
      break
    }
    let end = next
    let kept = result.kept
    while (end < candidates.length && distance(candidates[end]) === distance(candidates[next])) {
      kept -= effect[candidates[end++]]
    }
    if (Math.abs(kept - wanted) >= Math.abs(result.kept - wanted)) break
    if (end > cap) {
      result.saturated = true
      break
    }
    for (const i of candidates.slice(next, end)) {
      result.masked[i] = 1
      if (deviation[i] < 0) result.maskedLow++
      else result.maskedHigh++
    }
    result.kept = kept
    next = end
  }
  if (next > 0) result.bound = next < candidates.length ? distance(candidates[next]) : 0
  return result
}
