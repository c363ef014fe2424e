/**
 * How entropy answers a small move of the logits: the paper's theorems on one token, and its corollaries on averages.
 *
 * Every change here is first order: for a move of size alpha the error is O(alpha^2). What a whole optimizer step does
 * to a batch is predict.ts.
 */
import { type SoftmaxOptions, scores } from './moments.js'
import { covariance } from './statistics.js'

/**
 * Change of H, in nats, when the logit of one token moves by eps: `dH = -eps S* / T` (paper: Theorem 3.2).
 *
 * Raising (eps > 0) a token with S* < 0, that is p < e^-H, raises entropy; with S* > 0 it lowers it.
 *
 * @param S S* of the token whose logit moves.
 * @param eps Change of its logit z.
 */
export function changeOfLogit(S: number, eps: number, { temperature = 1 }: SoftmaxOptions = {}): number {
  return (-eps * S) / temperature
}

/** The importance ratio r = p_now(k) / p_rollout(k) of a token, from its two log-probabilities in nats. */
export function importanceRatio(logprob: number, rolloutLogprob: number): number {
  return Math.exp(logprob - rolloutLogprob)
}

export interface PolicyGradientStep extends SoftmaxOptions {
  /** A of the sampled token. */
  advantage: number
  /** eta: the step on the logits z is eta times the surrogate's gradient. */
  lr: number
  /** r of the surrogate r A log p_k, a constant in its gradient; default 1, on-policy. */
  ratio?: number
}

/**
 * Change of H, in nats, in one gradient step of the surrogate `r A log p_k` on the logits (paper: Theorem 3.3):
 * `dH = -alpha Sc`, `alpha = eta r A / T^2`, `Sc = S* - E_p[S]`. One 1/T is the gradient's, one the policy's answer.
 *
 * Tokens with -A Sc > 0 raise entropy, those with -A Sc < 0 lower it. Off-policy the factor is r Sc (Corollary C.2.1).
 *
 * @param centredS Sc of the sampled token, under the policy that the step starts from.
 */
export function changeOfStep(centredS: number, { advantage, lr, ratio = 1, temperature = 1 }: PolicyGradientStep) {
  return (-lr * ratio * advantage * centredS) / temperature ** 2
}

/**
 * Expected change of H, in nats, over the token that is sampled, exactly: `-eta/T^2 sum_k p_k A_k Sc_k`.
 *
 * - With equal advantages it is 0 (paper: Corollary 3.4, `E_{k~p}[Sc] = 0`).
 * - In general it is -eta/T^2 Cov_p(A, Sc) (Corollary C.2).
 * - Off-policy, k ~ q with r = p/q, it is the same number wherever q > 0 (Corollary C.2.1): `sum_k q_k r_k A_k Sc_k`.
 *
 * @param advantages A_k for every vocabulary entry, of length V.
 * @throws {RangeError} as moments, and for another number of advantages.
 */
export function expectedChange(
  logits: ArrayLike<number>,
  advantages: ArrayLike<number>,
  { lr, ...options }: SoftmaxOptions & { lr: number },
): number {
  if (advantages.length !== logits.length) {
    throw new RangeError(`${advantages.length} advantages for ${logits.length} logits`)
  }
  const { logprobs, centredS } = scores(logits, options)
  const { temperature = 1 } = options
  let sum = 0
  for (let k = 0; k < centredS.length; k++) sum += Math.exp(logprobs[k]) * advantages[k] * centredS[k]
  return (-lr * sum) / temperature ** 2
}

/**
 * The batch's estimate of the expected change of H per token, in nats per unit eta: `-Cov(A, r Sc)`
 * (paper: Corollaries C.2 and C.2.1; 0 in expectation when advantages do not depend on the tokens, Corollary 3.5).
 *
 * Sign trap: entropy falls where the covariance is positive. It differs from the predicted dH of the batch at hand,
 * `-mean(A r Sc)`, by `mean(A) mean(r Sc)`: the mean of A over tokens is not 0 when lengths differ.
 *
 * @param ratios r of every token; default all 1, on-policy.
 * @throws {RangeError} as {@link covariance}.
 */
export function expectedChangeOfBatch(
  advantages: ArrayLike<number>,
  centredS: ArrayLike<number>,
  ratios?: ArrayLike<number>,
): number {
  if (ratios && ratios.length !== centredS.length) {
    throw new RangeError(`${ratios.length} ratios for ${centredS.length} scores`)
  }
  return -covariance(advantages, ratios ? Array.from(centredS, (score, t) => ratios[t] * score) : centredS)
}
