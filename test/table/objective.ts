/**
 * The objective of one token, written from the formulas in docs/methods.md and docs/training.md and from nothing in src/:
 * what the backends' updates are compared with.
 */
import type { ObjectiveOptions, ObjectiveToken } from '../../src/train/objective.js'

/** Value, and its derivative with respect to the token's log p; the entropy bonus is in the value alone. */
export interface TokenValue {
  value: number
  slope: number
  clipped: boolean
  kl?: number
}

export function tokenValue(token: ObjectiveToken, options: ObjectiveOptions): TokenValue {
  const { logprob, rolloutLogprob, referenceLogprob, advantage: A, entropy, rolloutKlCoef = 0 } = token
  const own = Math.exp(logprob - rolloutLogprob)
  const main = surrogate(token.ratio ?? own, A, logprob, options)
  let { value, slope } = main
  let kl: number | undefined
  if (referenceLogprob !== undefined && options.klCoef > 0) {
    const x = Math.exp(referenceLogprob - logprob)
    kl = options.klEstimator === 'k3' ? x - 1 - Math.log(x) : Math.log(x) ** 2 / 2
    value -= options.klCoef * kl
    // d/dlog p of k3 is 1 - x, of k2 it is -log x.
    slope += options.klCoef * (options.klEstimator === 'k3' ? x - 1 : Math.log(x))
  }
  value -= rolloutKlCoef * (own - 1 - Math.log(own))
  slope -= rolloutKlCoef * (own - 1)
  return { value: value + options.entropyCoef * entropy, slope, clipped: main.clipped, kl }
}

function surrogate(r: number, A: number, logprob: number, options: ObjectiveOptions): TokenValue {
  const { surrogate: name = 'clip', clipLow, clipHigh, dualClip = Infinity, importanceCap: cap } = options
  if (A === 0) return { value: 0, slope: 0, clipped: false }
  const weight = Math.min(r, cap)
  if (name === 'weight') {
    const bounded = Math.max(1 - clipLow, Math.min(weight, 1 + clipHigh))
    return { value: bounded * A * logprob, slope: bounded * A, clipped: false }
  }
  if (name !== 'clip') throw new Error(`the table has no surrogate ${name}`)
  const clipped = A > 0 ? r > 1 + clipHigh : r < 1 - clipLow || r > dualClip
  if (!clipped) return { value: weight * A, slope: weight * A, clipped }
  const bound = A > 0 ? 1 + clipHigh : r > dualClip ? dualClip : 1 - clipLow
  return { value: Math.min(bound, cap) * A, slope: 0, clipped }
}
