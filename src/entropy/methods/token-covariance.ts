import { type MethodTokens, policyTokens, requireFinite } from './types.js'

/**
 * Each token's share in the batch's covariance of advantage and log-probability,
 * `(A_t - mean A)(log p_t - mean log p)`, means over all policy tokens of the optimizer step; 0 at other tokens.
 *
 * Source: arXiv 2505.22617. The released code (and verl, which took it over) has the means of a micro-batch.
 *
 * @throws {RangeError} for arrays of different lengths, no policy tokens, or a value of one that is not finite.
 */
export function tokenCovariance({
  advantage,
  logprob,
  isPolicyToken,
}: Pick<MethodTokens, 'advantage' | 'logprob' | 'isPolicyToken'>): Float64Array {
  requireFinite(isPolicyToken, { advantage, logprob })
  const tokens = policyTokens(isPolicyToken)
  if (tokens.length === 0) throw new RangeError('no policy tokens: a covariance needs at least one')
  const mean = (values: ArrayLike<number>) => tokens.reduce((sum, t) => sum + values[t], 0) / tokens.length
  const meanA = mean(advantage)
  const meanLogprob = mean(logprob)
  return Float64Array.from(advantage, (A, t) => (isPolicyToken[t] ? (A - meanA) * (logprob[t] - meanLogprob) : 0))
}
