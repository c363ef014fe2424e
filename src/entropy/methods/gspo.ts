import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { needsCurrent } from './shared-checks.js'
import { geometricMeans, type MethodTokens, requireFinite } from './types.js'

/**
 * GSPO: one importance ratio per completion, the geometric mean of its tokens',
 * `s = exp((1/|y|) sum_t (log p_t - log p_rollout,t))`, in place of r in PPO's clip: a completion is kept or clipped whole.
 *
 * With a mean over each completion's tokens and then over completions (aggregation `sequence`) the gradient of s A is
 * s A (1/|y|) sum_t d log p_t: every token's slope is s A. With a sampler that is the present policy s = 1.
 *
 * Here s comes from the log-probabilities known before the gradient pass (the policy cannot move within a step), so it
 * does not depend on micro-batches. Only the completion's policy tokens count.
 *
 * Source: arXiv 2507.18071; bounds 3e-4 and 4e-4, section 5.1. verl takes clip_ratio_low and clip_ratio_high
 * (0.2 unless set), clamps log s at 10, and always aggregates by sequence. TRL's `importance_sampling_level: sequence`
 * leaves the aggregation to loss_type.
 *
 * @throws {RangeError} for arrays of different lengths or a log-probability of a policy token that is not finite.
 */
export function sequenceRatio(tokens: MethodTokens): Float64Array {
  const { logprob, rolloutLogprob, isPolicyToken } = tokens
  requireFinite(isPolicyToken, { logprob, rolloutLogprob })
  return geometricMeans(tokens, (t) => logprob[t] - rolloutLogprob[t])
}

export const gspoMethod = entropyMethod({
  name: 'gspo',
  summary: "s = exp(mean over the completion of log r) in place of r in PPO's clip",
  source: '[2507.18071](https://arxiv.org/abs/2507.18071)',
  options: optionSection('gspo', ({ z, bound }) =>
    z
      .strictObject({
        clipLow: bound.prefault(3e-4).describe("The sequence's ratio is bounded below by 1 - clipLow."),
        clipHigh: bound.prefault(4e-4).describe("The sequence's ratio is bounded above by 1 + clipHigh."),
      })
      .describe('Options of gspo (arXiv 2507.18071, section 5.1).'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: ['logprob', 'rolloutLogprob'], ratio: true },
  ppoClip: 'replaces',
  rule: (bounds) => bounds,
  ratio: sequenceRatio,
  checks: [needsCurrent('gspo')],
  aggregation: 'sequence',
})
