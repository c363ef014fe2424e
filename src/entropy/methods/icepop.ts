import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import type { Surrogate } from './surrogate.js'

/** The interval of ratios, bounds included, in which a token trains. */
export interface RatioBand {
  low: number
  high: number
}

/**
 * IcePop, a masked ratio: `g = r A` where low <= r <= high and 0 elsewhere, whatever the sign of A. PPO's clip stops only the
 * moves that go further in the direction of A; this also stops those that would come back.
 *
 * Here r is the present policy's probability over the sampler's, so that both a mismatch of the engines and the policy's own
 * moves since sampling count; with a sampler that is the policy, a batch's first update has r = 1.
 *
 * Source: Ring-1T, arXiv 2510.18855, section on IcePop, where r is training over inference engine at equal weights,
 * multiplied by a PPO term of its own. 0.5 and 5 are NeMo-RL's (`truncated_importance_sampling_type: icepop`, both bounds
 * included, docs/guides/prorlv2.md), which takes that ratio too. prime-rl had the ratio that is taken here, with 0.125 and
 * 8, until it made DPPO its default.
 *
 * @param weight What multiplies A in place of r, a constant: r itself, or r under a cap. The band looks at r.
 */
export function icepop(ratio: number, advantage: number, { low, high }: RatioBand, weight: number = ratio): Surrogate {
  if (ratio < low || ratio > high) return { value: 0, slope: 0, clipped: true }
  return { value: weight * advantage, slope: weight * advantage, clipped: false }
}

export const icepopMethod = entropyMethod({
  name: 'icepop',
  summary: 'g = r A, 0 where r < low or r > high, whatever the sign of A',
  source: '[2510.18855](https://arxiv.org/abs/2510.18855); the bounds from NeMo-RL',
  options: optionSection(
    'icepop',
    ({ z, bound }) =>
      z
        .strictObject({
          low: z.number().min(0).max(1).default(0.5).describe('Smallest ratio that trains.'),
          high: bound.prefault(5).describe('Largest ratio that trains. .inf: no upper bound.'),
        })
        .describe('Options of icepop (arXiv 2510.18855, NeMo-RL).'),
    [
      {
        path: 'entropy.icepop',
        reads: ['entropy.icepop'],
        check: (given) =>
          given && given.high < 1 ? `needs high >= 1, the ratio of a first update (got ${given.high})` : undefined,
      },
    ],
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: [], ratio: true },
  ppoClip: 'replaces',
  rule: (options) => ({ surrogate: 'icepop', clipLow: Infinity, clipHigh: Infinity, options }),
  surrogate: {
    name: 'icepop',
    of: ({ ratio, weight, advantage }, { options }) => icepop(ratio, advantage, options as RatioBand, weight),
  },
})
