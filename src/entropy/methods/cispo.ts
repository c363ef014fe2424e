import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import type { ClipBounds } from './ppo-clip.js'
import type { Surrogate } from './surrogate.js'

/**
 * CISPO: the ratio is clipped as a detached weight, `sg(clip(r, 1 - clipLow, 1 + clipHigh)) A log p`, so every token
 * keeps a gradient: slope = clip(r) A.
 *
 * Source: MiniMax-M1, arXiv 2506.13585, eq. 4 and 5. It leaves the lower side open and tunes the upper bound without
 * naming it; the default here, 5, is ScaleRL's (arXiv 2510.13786). verl takes clip_ratio_low and clip_ratio_high (0.2 unless
 * set) on both sides. TRL bounds r at epsilon_high itself, not at 1 + epsilon_high, and has no lower bound.
 */
export function cispo(ratio: number, advantage: number, logprob: number, { clipLow, clipHigh }: ClipBounds): Surrogate {
  const weight = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh)
  return { value: weight * advantage * logprob, slope: weight * advantage, clipped: false }
}

export const cispoMethod = entropyMethod({
  name: 'cispo',
  summary: 'g = clip(r, 1 − clipLow, 1 + clipHigh) A, never 0',
  source:
    '[2506.13585](https://arxiv.org/abs/2506.13585); the bound of 5 from [2510.13786](https://arxiv.org/abs/2510.13786)',
  options: optionSection('cispo', ({ z, bound }) =>
    z
      .strictObject({
        clipLow: bound.prefault(Infinity).describe("The weight's lower bound is 1 - clipLow. .inf: none (MiniMax-M1)."),
        clipHigh: bound
          .prefault(4)
          .describe("The weight's upper bound is 1 + clipHigh; 4 is ScaleRL's bound of 5 (arXiv 2510.13786)."),
      })
      .describe('Options of cispo (MiniMax-M1, arXiv 2506.13585).'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: [], ratio: true },
  ppoClip: 'replaces',
  rule: (bounds) => ({ surrogate: 'weight', ...bounds }),
  surrogate: { name: 'weight', of: ({ weight, advantage, logprob }, rule) => cispo(weight, advantage, logprob, rule) },
})
