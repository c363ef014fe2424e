import { entropyMethod, optionSection } from './method.js'
import { largest, type MethodTokens, policyTokens, requireFinite } from './types.js'

/**
 * High-entropy tokens only: the gradient flows at the `share` of the batch's policy tokens with the largest H, at
 * floor(share N) of them but at least one, ties to the lower index.
 *
 * Source: arXiv 2506.01939 ("Beyond the 80/20 rule"): tokens with H >= tau, tau the batch's quantile; share 0.2.
 * The objective's denominator stays the number of all tokens, as in verl and TRL. The paper says "batch"; TRL takes the
 * quantile (interpolated, ties kept) over a micro-batch gathered from all processes, so its mask changes with the
 * micro-batch size. Here it is the optimizer step's.
 *
 * @throws {RangeError} for arrays of different lengths or an entropy of a policy token that is not finite.
 */
export function highEntropy(
  { entropy, isPolicyToken }: Pick<MethodTokens, 'entropy' | 'isPolicyToken'>,
  { share }: { share: number },
): Uint8Array {
  requireFinite(isPolicyToken, { entropy })
  const tokens = policyTokens(isPolicyToken)
  const mask = new Uint8Array(isPolicyToken.length)
  const count = Math.max(1, Math.floor(share * tokens.length))
  for (const t of largest(tokens, (token) => entropy[token], count)) mask[t] = 1
  return mask
}

export const highEntropyMethod = entropyMethod({
  name: 'high-entropy',
  summary: 'gradient at the share of the tokens with the largest H alone',
  source: '[2506.01939](https://arxiv.org/abs/2506.01939)',
  options: optionSection('highEntropy', ({ z, share }) =>
    z
      .strictObject({
        share: share.default(0.2).describe("Share of the batch's policy tokens that keep their gradient."),
      })
      .describe('Options of high-entropy (arXiv 2506.01939).'),
  ),
  needs: { statistics: ['entropy'], moments: 'exact' },
  masks: 'tokens',
  effect: (tokens, options) => ({ mask: highEntropy(tokens, options) }),
})
