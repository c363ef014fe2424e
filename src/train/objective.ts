/**
 * The surrogate that a policy-gradient step ascends, token by token, and its derivative with respect to the token's
 * log-probability. All terms act on the logits along e_k - p, so one number per token is the whole gradient; the
 * entropy bonus, which does not, is carried beside it.
 *
 * Sources: the rules on the ratio in src/entropy/methods; KL estimators k2 and k3 (Schulman, "Approximating KL
 * divergence", 2020).
 */
import { type SurrogateRule, surrogate } from '../entropy/methods/surrogate.js'

export interface ObjectiveOptions extends SurrogateRule {
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
  /** r where it is not the token's own (a whole sequence's); absent: exp(logprob - rolloutLogprob). */
  ratio?: number
  /** log p under the frozen reference; needed where klCoef > 0. */
  referenceLogprob?: number
  /** Coefficient of a KL term to the policy that sampled. */
  rolloutKlCoef?: number
  advantage: number
  entropy: number
}

export interface TokenObjective {
  /** Value of the objective: surrogate - klCoef k - rolloutKlCoef k3(r) + entropyCoef H. */
  value: number
  /** d value / d log p_k without the bonus; 0 from the surrogate where the clip stops it. */
  slope: number
  clipped: boolean
  ratio: number
  /** The KL estimate, where there is a reference. */
  kl?: number
}

/**
 * The surrogate's value and slope (slope r A, 0 where clipped), plus klCoef times -dk/dlog p, plus the pull back to the
 * sampling policy: -rolloutKlCoef (r - 1 - log r), whose slope is -rolloutKlCoef (r - 1), r the token's own. A cap
 * replaces r by min(r, cap) as a constant weight.
 */
export function tokenObjective(token: ObjectiveToken, options: ObjectiveOptions): TokenObjective {
  const { logprob, rolloutLogprob, referenceLogprob, rolloutKlCoef = 0, entropy } = token
  const moved = logprob - rolloutLogprob
  const ratio = token.ratio ?? Math.exp(moved)
  const main = surrogate(options, { ratio, advantage: token.advantage, logprob, rolloutLogprob }, options.importanceCap)
  let { value, slope } = main
  let kl: number | undefined
  if (options.klCoef > 0 && referenceLogprob !== undefined) {
    const gap = referenceLogprob - logprob
    kl = options.klEstimator === 'k3' ? Math.expm1(gap) - gap : (gap * gap) / 2
    value -= options.klCoef * kl
    slope += options.klCoef * (options.klEstimator === 'k3' ? Math.expm1(gap) : gap)
  }
  if (rolloutKlCoef !== 0) {
    value -= rolloutKlCoef * (Math.expm1(moved) - moved)
    slope -= rolloutKlCoef * Math.expm1(moved)
  }
  if (options.entropyCoef !== 0) value += options.entropyCoef * entropy
  return { value, slope, clipped: main.clipped, ratio, kl }
}
