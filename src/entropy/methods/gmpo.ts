import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import type { ClipBounds } from './ppo-clip.js'
import { needsCurrent } from './shared-checks.js'
import type { Surrogate } from './surrogate.js'
import { geometricMeans, type MethodTokens, requireFinite } from './types.js'

/** Whether log r has passed the bound on the side that A pushes to. Here the bounds are of log r itself. */
const isClipped = (logRatio: number, advantage: number, { clipLow, clipHigh }: ClipBounds) =>
  advantage > 0 ? logRatio > clipHigh : logRatio < -clipLow

/**
 * The geometric mean of a completion's clipped ratios, `G = exp((1/|y|) sum_t c_t)`, with c_t = min(log r_t, clipHigh) where
 * A > 0 and max(log r_t, -clipLow) where A < 0; one value for all its tokens. Only its policy tokens count.
 *
 * @throws {RangeError} for arrays of different lengths, or a value of a policy token that is not finite.
 */
export function geometricRatio(tokens: MethodTokens, bounds: ClipBounds): Float64Array {
  const { advantage, logprob, rolloutLogprob, isPolicyToken } = tokens
  requireFinite(isPolicyToken, { advantage, logprob, rolloutLogprob })
  return geometricMeans(tokens, (t) => {
    const moved = logprob[t] - rolloutLogprob[t]
    const bound = advantage[t] > 0 ? bounds.clipHigh : -bounds.clipLow
    return isClipped(moved, advantage[t], bounds) ? bound : moved
  })
}

/**
 * GMPO: the geometric mean of the tokens' ratios in place of their arithmetic mean, `G A` per completion (geometricRatio). A
 * token's slope is `G A`, and 0 where its own log r was clipped. GSPO has the same mean and clips it whole.
 *
 * With a mean over each completion's tokens and then over completions (aggregation `sequence`) this is the paper's
 * objective. G comes from the log-probabilities known before the gradient pass, as GSPO's ratio does.
 *
 * Source: arXiv 2507.20673; the interval (e^-0.4, e^0.4) for r, in the released code, verl's example script (`geo_mean`), and
 * TRL's `trl.experimental.gmpo` alike. verl's clip_ratio is 0.2 unless set.
 *
 * @param weight What multiplies A: G, or G under a cap.
 */
export function gmpo(
  {
    weight,
    advantage,
    logprob,
    rolloutLogprob,
  }: { weight: number; advantage: number; logprob: number; rolloutLogprob: number },
  bounds: ClipBounds,
): Surrogate {
  const clipped = isClipped(logprob - rolloutLogprob, advantage, bounds)
  return { value: weight * advantage, slope: clipped ? 0 : weight * advantage, clipped }
}

export const gmpoMethod = entropyMethod({
  name: 'gmpo',
  summary: 'G = exp(mean over the completion of log r, clipped) in place of r; 0 where the token’s own was clipped',
  source: '[2507.20673](https://arxiv.org/abs/2507.20673)',
  options: optionSection('gmpo', ({ z, bound }) =>
    z
      .strictObject({
        clipLow: bound.prefault(0.4).describe('log r is bounded below by -clipLow where A < 0.'),
        clipHigh: bound.prefault(0.4).describe('log r is bounded above by clipHigh where A > 0.'),
      })
      .describe('Options of gmpo (arXiv 2507.20673); the bounds are of log r.'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: ['advantage', 'logprob', 'rolloutLogprob'], ratio: true },
  ppoClip: 'replaces',
  rule: (bounds) => ({ surrogate: 'gmpo', ...bounds }),
  surrogate: { name: 'gmpo', of: (token, rule) => gmpo(token, rule) },
  ratio: geometricRatio,
  checks: [needsCurrent('gmpo')],
  aggregation: 'sequence',
})
