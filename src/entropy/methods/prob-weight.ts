import { entropyMethod, optionSection } from './method.js'
import { type MethodTokens, requireFinite } from './types.js'

/**
 * Probability-weighted updating: A is multiplied by `alpha p + 1 - alpha`, p the sampled token's probability under the
 * policy that the step starts from. Unlikely tokens have the largest gradients; this takes weight from them. alpha = 0 is
 * no weighting.
 *
 * Source: arXiv 2505.12929 ("advantage reweighting"). Default alpha 0.2: the authors' released script (reweight_k 0.2,
 * reweight_tau 0.8).
 *
 * @throws {RangeError} for arrays of different lengths or a log-probability of a policy token that is not finite.
 */
export function probWeight(
  { logprob, isPolicyToken }: Pick<MethodTokens, 'logprob' | 'isPolicyToken'>,
  { alpha }: { alpha: number },
): Float64Array {
  requireFinite(isPolicyToken, { logprob })
  return Float64Array.from(logprob, (value, t) => (isPolicyToken[t] ? alpha * Math.exp(value) + 1 - alpha : 1))
}

export const probWeightMethod = entropyMethod({
  name: 'prob-weight',
  summary: 'A times alpha p + 1 − alpha',
  source: '[2505.12929](https://arxiv.org/abs/2505.12929), its script',
  options: optionSection('probWeight', ({ z }) =>
    z
      .strictObject({
        alpha: z
          .number()
          .min(0)
          .max(1)
          .default(0.2)
          .describe("Advantages are multiplied by alpha p + 1 - alpha; 0.2 is the authors' script's."),
      })
      .describe('Options of prob-weight (arXiv 2505.12929).'),
  ),
  needs: { statistics: ['logprob'] },
  effect: (tokens, options) => ({ weight: probWeight(tokens, options) }),
})
