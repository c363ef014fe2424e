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
  const main = surrogate(token.ratio ?? own, A, { now: logprob, old: rolloutLogprob }, options)
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

function surrogate(
  r: number,
  A: number,
  { now: logprob, old }: { now: number; old: number },
  options: ObjectiveOptions,
): TokenValue {
  const { surrogate: name = 'clip', clipLow, clipHigh, dualClip = Infinity, importanceCap: cap } = options
  if (A === 0) return { value: 0, slope: 0, clipped: false }
  const weight = Math.min(r, cap)
  if (name === 'weight') {
    const bounded = Math.max(1 - clipLow, Math.min(weight, 1 + clipHigh))
    return { value: bounded * A * logprob, slope: bounded * A, clipped: false }
  }
  if (name !== 'clip') {
    const own = others[name]
    if (!own) throw new Error(`the table has no surrogate ${name}`)
    return own({ r, weight, A, logprob, old, bounds: options, options: options.options as Record<string, number> })
  }
  const clipped = A > 0 ? r > 1 + clipHigh : r < 1 - clipLow || r > dualClip
  if (!clipped) return { value: weight * A, slope: weight * A, clipped }
  const bound = A > 0 ? 1 + clipHigh : r > dualClip ? dualClip : 1 - clipLow
  return { value: Math.min(bound, cap) * A, slope: 0, clipped }
}

interface Given {
  r: number
  weight: number
  A: number
  logprob: number
  old: number
  bounds: { clipLow: number; clipHigh: number }
  // biome-ignore lint/suspicious/noExplicitAny: each surrogate has its own.
  options: any
}

const passed = (value: number): TokenValue => ({ value, slope: value, clipped: false })
const stopped = (value: number): TokenValue => ({ value, slope: 0, clipped: true })

const others: Record<string, (token: Given) => TokenValue> = {
  sapo: ({ r, weight, A, options: { tauPositive, tauNegative } }) => {
    const tau = A > 0 ? tauPositive : tauNegative
    const s = 1 / (1 + Math.exp(-tau * (r - 1)))
    return { value: (4 / tau) * s * A, slope: 4 * s * (1 - s) * weight * A, clipped: false }
  },
  dppo: ({ weight, A, logprob, old, options: { divergence, deltaLow, deltaHigh, cap } }) => {
    const [p, q] = [Math.exp(logprob), Math.exp(old)]
    const D = divergence === 'tv' ? Math.abs(p - q) : q * Math.log(q / p) + (1 - q) * Math.log((1 - q) / (1 - p))
    const out = A > 0 ? p > q && D > deltaHigh : p < q && D > deltaLow
    return out ? stopped(0) : passed(Math.min(weight, cap) * A)
  },
  icepop: ({ r, weight, A, options: { low, high } }) => (r >= low && r <= high ? passed(weight * A) : stopped(0)),
  'ce-gppo': ({ r, weight, A, bounds, options: { betaLow, betaHigh } }) => {
    if (A > 0 && r > 1 + bounds.clipHigh) return passed(betaHigh * (1 + bounds.clipHigh) * A)
    if (A < 0 && r < 1 - bounds.clipLow) return passed(betaLow * (1 - bounds.clipLow) * A)
    return passed(weight * A)
  },
  gmpo: ({ weight, A, logprob, old, bounds }) =>
    (A > 0 ? logprob - old > bounds.clipHigh : logprob - old < -bounds.clipLow)
      ? stopped(weight * A)
      : passed(weight * A),
  vespo: ({ A, logprob }) => ({ value: A * logprob, slope: A, clipped: false }),
  entropic: ({ r, weight, A, logprob, bounds, options: { alpha, probability } }) => {
    const term = Math.exp(logprob) > probability ? alpha * weight * Math.abs(A) : 0
    const out = A > 0 ? r > 1 + bounds.clipHigh : r < 1 - bounds.clipLow
    const bound = A > 0 ? 1 + bounds.clipHigh : 1 - bounds.clipLow
    return {
      value: (out ? bound : weight) * A + term,
      slope: (out ? 0 : weight * A) + term,
      clipped: out && term === 0,
    }
  },
}
