/**
 * What an optimizer step will do to the policy's entropy, to first order and at the level of the logits.
 *
 * The step moves token t's logits u = z/T along slope_t (e_k - p); entropy answers with -slope_t Sc_t (first-order.ts). The
 * batch's prediction is the sum: with slopes g_t / N, the mean of -g_t Sc_t over its N policy tokens. Its unit is nats per unit step on u: what one unit of step is worth
 * under an optimizer such as Adam is not known here, so signs and ratios are meaningful and sizes are relative.
 */
import type { FloatArray } from './statistics.js'

/** One entry per token of the optimizer step's batch. Values at non-policy tokens are never looked at. */
export interface StepTokens {
  /** S* = p_k (H + log p_k) of the sampled token, under the policy that the step starts from. */
  S: FloatArray
  /** E_p[S] of the same distribution. */
  expectedS: FloatArray
  /** d objective / d log p_k with the aggregation weight in it: A, r, a KL term; all act along e_k - p. */
  slope?: FloatArray
  /** g = N slope, in place of the slope: the derivative where the weights are 1 over the number of policy tokens. */
  g?: FloatArray
  /** A; without slope or g, g is r A, the gradient of a token mean of the surrogate. */
  advantage?: FloatArray
  /** r of the surrogate r A log p_k; default all ones, on-policy. */
  ratio?: FloatArray
  /** N is the number of ones. */
  isPolicyToken: Uint8Array
  /** m, the entropy mask: 1 = gradient flows. Default: all ones. */
  mask?: Uint8Array
  /** c = 0 where this is 1: the PPO clip stopped the gradient. Default: all zeros. */
  clipped?: Uint8Array
  /** sum_i S_i^2; needed for an entropy bonus only. */
  sumS2?: FloatArray
  /** Aggregation weight of the token's bonus in the objective; default 1/N, a token mean. */
  weight?: FloatArray
}

export interface PredictedStep {
  /** kept + bonus: the step's predicted dH, in nats per unit step. */
  dH: number
  /** -sum_t m_t c_t slope_t Sc_t: what the tokens that pass the entropy mask do. */
  kept: number
  /** -sum_t (1 - m_t) c_t slope_t Sc_t: what the masked tokens would have done. */
  masked: number
  /** entropyCoef sum_t weight_t sum_i S_i^2, never negative for a coefficient that is not. */
  bonus: number
}

/**
 * Predicted change of the batch's mean entropy in one optimizer step (Theorem 3.3 summed over the batch):
 * `dH = -sum_t m_t c_t slope_t Sc_t + entropyCoef sum_t weight_t sum_i S_i^2`, with `Sc = S* - E_p[S]` and slope the
 * derivative of the step's objective in log p_k. In the paper's terms slope = g / N, with N the policy tokens:
 * `-(1/N) sum_t m_t c_t g_t Sc_t`. With g = A it is -mean(A Sc), with g = r A the off-policy form (Corollary C.2.1).
 *
 * Give the slopes where the objective has weights of its own, g or the advantages where it is a mean over the policy
 * tokens. `slope` goes before `g`, and `g` before the advantages.
 *
 * The entropy mask does not reach the bonus: it acts on every policy token.
 *
 * @throws {RangeError} for arrays of different lengths, no policy tokens, a value of a policy token that is not finite,
 *   a bonus without sumS2, or neither slope nor g nor advantages.
 */
export function predictStep(tokens: StepTokens, options: { entropyCoef?: number } = {}): PredictedStep {
  const { S, expectedS, slope, g, advantage, ratio, isPolicyToken, mask, clipped, sumS2, weight } = tokens
  const { entropyCoef = 0 } = options
  if (!slope && !g && !advantage) throw new RangeError('a prediction needs g or the advantages, or the slopes')
  if (!Number.isFinite(entropyCoef)) throw new RangeError(`entropyCoef is ${entropyCoef}`)
  if (entropyCoef !== 0 && !sumS2) throw new RangeError('the prediction of an entropy bonus needs sumS2')
  const given = { S, expectedS, slope, g, advantage, ratio, mask, clipped, sumS2, weight }
  for (const [name, values] of Object.entries(given)) {
    if (values && values.length !== isPolicyToken.length) {
      throw new RangeError(`${name} has ${values.length} entries, isPolicyToken ${isPolicyToken.length}`)
    }
  }
  let count = 0
  let kept = 0
  let masked = 0
  let bonus = 0
  for (let t = 0; t < isPolicyToken.length; t++) {
    if (!isPolicyToken[t]) continue
    count++
    const push = slope?.[t] ?? g?.[t] ?? advantage![t] * (ratio ? ratio[t] : 1)
    const effect = -push * (S[t] - expectedS[t])
    if (!Number.isFinite(effect)) {
      throw new RangeError(
        `token ${t} is not finite: ${slope ? 'slope' : 'g'} ${push}, S ${S[t]}, expectedS ${expectedS[t]}`,
      )
    }
    if (!clipped?.[t]) {
      if (!mask || mask[t]) kept += effect
      else masked += effect
    }
    // Without weights the token's share is 1/N, which is known only after the loop.
    if (entropyCoef !== 0 && sumS2) bonus += entropyCoef * sumS2[t] * (weight ? weight[t] : 1)
  }
  if (count === 0) throw new RangeError('no policy tokens: nothing to predict')
  if (!weight) bonus /= count
  if (!Number.isFinite(bonus)) throw new RangeError('sumS2 or weight of a policy token is not finite')
  if (!slope) {
    kept /= count
    masked /= count
  }
  return { dH: kept + bonus, kept, masked, bonus }
}
