import { entropyMethod, optionSection } from './method.js'
import { type MethodTokens, openMask, requireFinite } from './types.js'

/** Keeps the ratio of two entropies of 0 at 1; the released code's value. */
const epsilon = 1e-8

/**
 * Entropy ratio clipping: the gradient flows where `low < (H + 1e-8) / (H_old + 1e-8) < high`, H the entropy of the token's
 * distribution under the policy that the step starts from, H_old under the one that sampled. It looks at the whole
 * distribution where PPO's clip sees the sampled token alone, and acts beside it.
 *
 * Source: arXiv 2512.05591 and its code (Kwai-Klear/ERC), added to DAPO's clip and to CE-GPPO (`[erc, ce-gppo]`). Its
 * scripts have 0.95 and 1.05, which are the defaults here; its configuration has 0.8 and 1.2 unless set. Masked tokens stay
 * in the loss's value and denominators there too.
 *
 * @throws {RangeError} without `rolloutEntropy`, for arrays of different lengths, or a value of a policy token that is not
 *   finite.
 */
export function entropyRatioClip(
  { entropy, rolloutEntropy, isPolicyToken }: Pick<MethodTokens, 'entropy' | 'rolloutEntropy' | 'isPolicyToken'>,
  { low, high }: { low: number; high: number },
): Uint8Array {
  if (!rolloutEntropy) throw new RangeError('rolloutEntropy is missing: erc compares H with that of the sampler')
  requireFinite(isPolicyToken, { entropy, rolloutEntropy })
  return openMask(isPolicyToken).map((flag, t) => {
    if (!flag) return 0
    const change = (entropy[t] + epsilon) / (rolloutEntropy[t] + epsilon)
    return change > low && change < high ? 1 : 0
  })
}

export const ercMethod = entropyMethod({
  name: 'erc',
  summary: 'gradient where H / H_old lies strictly between low and high alone',
  source: '[2512.05591](https://arxiv.org/abs/2512.05591) and its scripts',
  options: optionSection(
    'erc',
    ({ z, bound }) =>
      z
        .strictObject({
          low: z
            .number()
            .min(0)
            .lt(1)
            .default(0.95)
            .describe('Smallest ratio of the entropies that trains, exclusive.'),
          high: bound.prefault(1.05).describe('Largest ratio of the entropies that trains, exclusive. .inf: open.'),
        })
        .describe('Options of erc (arXiv 2512.05591).'),
    [
      {
        path: 'entropy.erc',
        reads: ['entropy.erc'],
        check: (given) =>
          given && !(given.high > 1) ? `needs high > 1, the ratio of a first update (got ${given.high})` : undefined,
      },
    ],
  ),
  needs: { statistics: ['entropy', 'rolloutEntropy'], moments: 'exact', ratio: true },
  masks: 'tokens',
  effect: (tokens, options) => ({ mask: entropyRatioClip(tokens, options) }),
  checks: [
    {
      path: 'entropy.statistics',
      reads: ['entropy.statistics'],
      check: (_, { entropy }) =>
        entropy.statistics === 'rollout'
          ? "must be current for erc: it compares the present policy's entropy with the sampler's"
          : undefined,
    },
  ],
})
