import { uniform } from '../../base/philox.js'
import { oneCovarianceTreatment } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { tokenCovariance } from './token-covariance.js'
import { type DrawKey, largest, type MethodTokens, openMask, requireFinite } from './types.js'

export interface ClipCovOptions {
  /** Share of the policy tokens that is dropped at most. */
  share: number
  low: number
  high: number
}

/** Keeps these draws apart from those of other uses of the seed. */
const drawStream = 0x636c6970

/**
 * Clip-Cov: of the tokens whose covariance (token-covariance.ts) lies strictly between `low` and `high`, a random
 * max(1, floor(share N)) lose their gradient (all of them where there are fewer).
 *
 * The draw is keyed by Philox: each candidate gets the uniform number of (seed, step, update, its index in the batch),
 * and the largest are dropped. So it depends on the batch alone, not on micro-batches or on what was drawn before.
 *
 * Source: arXiv 2505.22617; share 2e-4, band 1 to 5. The released code and verl draw per micro-batch (at
 * least one token of each, which at small micro-batches drops a far larger share), from torch's global generator, and
 * leave out tokens that PPO's clip has stopped already: pass those as `clipped`.
 *
 * @throws {RangeError} as {@link tokenCovariance}.
 */
export function clipCov(
  tokens: MethodTokens,
  { share, low, high }: ClipCovOptions,
  { seed, step, update }: DrawKey,
  clipped?: Uint8Array,
): Uint8Array {
  const covariance = tokenCovariance(tokens)
  const mask = openMask(tokens.isPolicyToken)
  const candidates: number[] = []
  let count = 0
  for (let t = 0; t < mask.length; t++) {
    if (!mask[t]) continue
    count++
    if (covariance[t] > low && covariance[t] < high && !clipped?.[t]) candidates.push(t)
  }
  const draw = new Map(candidates.map((t) => [t, uniform(seed, drawStream, step, update, t)]))
  for (const t of largest(candidates, (token) => draw.get(token)!, Math.max(1, Math.floor(share * count)))) mask[t] = 0
  return mask
}

export const clipCovMethod = entropyMethod({
  name: 'clip-cov',
  summary: 'drops a random share of the tokens whose (A − mean A)(log p − mean log p) lies between low and high',
  source: '[2505.22617](https://arxiv.org/abs/2505.22617)',
  options: optionSection(
    'clipCov',
    ({ z, bound, share }) =>
      z
        .strictObject({
          share: share.default(2e-4).describe('Largest share of the policy tokens that is dropped.'),
          low: z.number().default(1).describe('Lower bound of the covariances that may be drawn.'),
          high: bound.prefault(5).describe('Upper bound of the covariances that may be drawn.'),
        })
        .describe('Options of clip-cov (arXiv 2505.22617).'),
    [
      {
        path: 'entropy.clipCov',
        reads: ['entropy.clipCov'],
        check: (given) =>
          given && !(given.low < given.high) ? `needs low < high (got ${given.low}, ${given.high})` : undefined,
      },
    ],
  ),
  excludes: [oneCovarianceTreatment],
  needs: { statistics: ['advantage', 'logprob', 'rolloutLogprob'] },
  masks: 'tokens',
  draws: true,
  effect: (tokens, options, context) => {
    requireFinite(tokens.isPolicyToken, { rolloutLogprob: tokens.rolloutLogprob })
    return { mask: clipCov(tokens, options, context, context.stopped()) }
  },
})
