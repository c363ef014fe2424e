import { oneCovarianceTreatment } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { tokenCovariance } from './token-covariance.js'
import { largest, type MethodTokens, policyTokens } from './types.js'

/**
 * KL-Cov: the max(1, floor(share N)) tokens of largest covariance (token-covariance.ts) get a KL term to the policy that
 * sampled, `-coef D(p_rollout || p)`, in the objective; ties to the lower index. Returns the coefficients.
 *
 * D is estimated on the sampled token by k3 = r - 1 - log r, whose slope is r - 1: with samples of p_rollout its mean is
 * D itself, and it is never negative. On a batch's first update r = 1 and the term does nothing.
 *
 * Source: arXiv 2505.22617; share 2e-4, coef 1. The objective there is r A without PPO's clip, which
 * `entropy.method: kl-cov` therefore leaves out (name ppo-clip beside it to keep it). The released code and verl choose
 * the tokens per micro-batch, and take |log r| in place of D, whose slope is the sign of log r: a pull of full strength
 * however small the move, and no estimate of a divergence.
 *
 * @throws {RangeError} as {@link tokenCovariance}.
 */
export function klCov(
  tokens: Pick<MethodTokens, 'advantage' | 'logprob' | 'isPolicyToken'>,
  { share, coef }: { share: number; coef: number },
): Float64Array {
  const covariance = tokenCovariance(tokens)
  const own = policyTokens(tokens.isPolicyToken)
  const result = new Float64Array(covariance.length)
  for (const t of largest(own, (token) => covariance[token], Math.max(1, Math.floor(share * own.length)))) {
    result[t] = coef
  }
  return result
}

export const klCovMethod = entropyMethod({
  name: 'kl-cov',
  summary: '−coef (r − 1 − log r) on the share with the largest (A − mean A)(log p − mean log p); no clip on r',
  source: '[2505.22617](https://arxiv.org/abs/2505.22617)',
  options: optionSection('klCov', ({ z, share }) =>
    z
      .strictObject({
        share: share
          .default(2e-4)
          .describe('Share of the policy tokens, those of largest covariance, that get the term.'),
        coef: z.number().gt(0).default(1).describe("The KL term's coefficient."),
      })
      .describe('Options of kl-cov (arXiv 2505.22617).'),
  ),
  excludes: [oneCovarianceTreatment],
  needs: { statistics: ['advantage', 'logprob'], ratio: true, rolloutKl: true },
  ppoClip: 'drops',
  rule: () => ({ clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY }),
  effect: (tokens, options) => ({ rolloutKlCoef: klCov(tokens, options) }),
})
