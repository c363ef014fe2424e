import { oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import type { Surrogate } from './surrogate.js'

/**
 * Dual clip: for A < 0 the surrogate is bounded from below, `max(L, c A)` with L the PPO surrogate; the gradient stops
 * where r > c and A < 0. PPO's clip leaves that side open, and one token that has become much likelier then dominates.
 *
 * Source: arXiv 1912.09729; c > 1, 3 in their experiments. verl applies it in every PPO loss (clip_ratio_c, 3.0 unless
 * set); TRL's `delta` instead bounds r for both signs of A (INTELLECT-2), which differs where A > 0 and clipHigh is open.
 */
export function dualClip(surrogate: Surrogate, ratio: number, advantage: number, c: number): Surrogate {
  if (!(advantage < 0 && ratio > c)) return surrogate
  return { value: c * advantage, slope: 0, clipped: true }
}

export const dualClipMethod = entropyMethod({
  name: 'dual-clip',
  summary: 'as ppo-clip, and 0 where r > c and A < 0',
  source: '[1912.09729](https://arxiv.org/abs/1912.09729)',
  options: optionSection('dualClip', ({ z }) =>
    z
      .strictObject({
        c: z.number().gt(1).default(3).describe('No gradient where r > c and A < 0.'),
      })
      .describe('Options of dual-clip (arXiv 1912.09729).'),
  ),
  excludes: [oneSurrogate],
  needs: { statistics: [], ratio: true },
  ppoClip: 'keeps',
  rule: ({ c }, ppo) => ({ ...ppo, dualClip: c }),
})
