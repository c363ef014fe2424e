import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { type ClipBounds, ppoClip } from './ppo-clip.js'
import type { Surrogate } from './surrogate.js'

/**
 * CE-GPPO: tokens that PPO's clip would stop keep a gradient of fixed size,
 *   A < 0, r < 1 - clipLow:  g = betaLow (1 - clipLow) A;   A > 0, r > 1 + clipHigh:  g = betaHigh (1 + clipHigh) A,
 * and g = r A elsewhere. Clipped tokens are mostly unlikely ones: with A < 0 their updates lower entropy (betaLow), with A > 0
 * they raise it (betaHigh).
 *
 * Source: arXiv 2509.20712; 0.75 and 1 with bounds of 0.2 (the released code and its 7B script; the 1.5B script has 0.5
 * and 1). The bounds are algorithm.clipLow and clipHigh. The released code also bounds the loss for A < 0 as dual clip does
 * (clip_ratio_c 10 in its scripts), which is left out here.
 *
 * @param weight What multiplies A in place of r, a constant: r itself, or r under a cap, which also bounds the clipped tokens.
 */
export function ceGppo(
  ratio: number,
  advantage: number,
  bounds: ClipBounds,
  { betaLow, betaHigh }: { betaLow: number; betaHigh: number },
  weight: number = ratio,
): Surrogate {
  const plain = ppoClip(ratio, advantage, bounds, weight)
  if (!plain.clipped) return plain
  const slope = (advantage > 0 ? betaHigh : betaLow) * plain.value
  return { value: slope, slope, clipped: false }
}

export const ceGppoMethod = entropyMethod({
  name: 'ce-gppo',
  summary: 'as ppo-clip, but betaLow (1 − clipLow) A and betaHigh (1 + clipHigh) A in place of 0',
  source: '[2509.20712](https://arxiv.org/abs/2509.20712)',
  options: optionSection('ceGppo', ({ z }) =>
    z
      .strictObject({
        betaLow: z.number().min(0).default(0.75).describe('Weight of tokens with A < 0 and r < 1 - clipLow.'),
        betaHigh: z.number().min(0).default(1).describe('Weight of tokens with A > 0 and r > 1 + clipHigh.'),
      })
      .describe('Options of ce-gppo (arXiv 2509.20712); the bounds are algorithm.clipLow and clipHigh.'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: [], ratio: true },
  ppoClip: 'keeps',
  rule: (options, ppo) => ({ surrogate: 'ce-gppo', ...ppo, options }),
  surrogate: {
    name: 'ce-gppo',
    of: ({ ratio, weight, advantage }, rule) =>
      ceGppo(ratio, advantage, rule, rule.options as { betaLow: number; betaHigh: number }, weight),
  },
})
