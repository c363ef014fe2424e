/**
 * The surrogate that a policy-gradient step ascends, token by token, and its derivative with respect to the token's
 * log-probability. All terms act on the logits along e_k - p, so one number per token is the whole gradient; the
 * entropy bonus, which does not, is carried beside it.
 *
 * Sources: PPO's clip (arXiv 1707.06347), with separate bounds (DAPO, arXiv 2503.14476); KL estimators k2 and k3
 * (Schulman, "Approximating KL divergence", 2020).
 */

export interface ObjectiveOptions {
  /** r below 1 - clipLow gives no gradient where A < 0. */
  clipLow: number
  /** r above 1 + clipHigh gives no gradient where A > 0. */
  clipHigh: number
  /** Largest importance weight, by which r is capped; Infinity = no cap. */
  importanceCap: number
  klCoef: number
  klEstimator: 'k2' | 'k3'
  /** Coefficient of an entropy bonus, nats to objective. */
  entropyCoef: number
}

/** One token as the objective sees it. */
export interface ObjectiveToken {
  logprob: number
  rolloutLogprob: number
  /** log p under the frozen reference; needed where klCoef > 0. */
  referenceLogprob?: number
  advantage: number
  entropy: number
}

export interface TokenObjective {
  /** Value of the objective: min(r A, clip(r) A) - klCoef k + entropyCoef H. */
  value: number
  /** d value / d log p_k without the bonus; 0 from the surrogate where the clip stops it. */
  slope: number
  clipped: boolean
  ratio: number
  /** The KL estimate, where there is a reference. */
  kl?: number
}

/**
 * With r = p / p_rollout: value = min(r A, clip(r, 1 - low, 1 + high) A) - klCoef k, slope = r A (0 where clipped) +
 * klCoef times -dk/dlog p. A cap replaces r by min(r, cap) as a constant weight.
 */
export function tokenObjective(token: ObjectiveToken, options: ObjectiveOptions): TokenObjective {
  const { logprob, rolloutLogprob, referenceLogprob, advantage, entropy } = token
  const ratio = Math.exp(logprob - rolloutLogprob)
  const weight = Math.min(ratio, options.importanceCap)
  const clipped = (advantage > 0 && ratio > 1 + options.clipHigh) || (advantage < 0 && ratio < 1 - options.clipLow)
  const bounded = advantage > 0 ? Math.min(weight, 1 + options.clipHigh) : Math.max(weight, 1 - options.clipLow)
  // 0 * Infinity would make a token without advantage poison the sum.
  let value = advantage === 0 ? 0 : bounded * advantage
  let slope = clipped || advantage === 0 ? 0 : weight * advantage
  let kl: number | undefined
  if (options.klCoef > 0 && referenceLogprob !== undefined) {
    const gap = referenceLogprob - logprob
    kl = options.klEstimator === 'k3' ? Math.expm1(gap) - gap : (gap * gap) / 2
    value -= options.klCoef * kl
    slope += options.klCoef * (options.klEstimator === 'k3' ? Math.expm1(gap) : gap)
  }
  if (options.entropyCoef !== 0) value += options.entropyCoef * entropy
  return { value, slope, clipped, ratio, kl }
}
