import { oneRatioRule } from './exclusions.js'
import { entropyMethod } from './method.js'
import type { Surrogate } from './surrogate.js'

/** PPO's own bound (arXiv 1707.06347): the default of algorithm.clipLow and algorithm.clipHigh. */
export const ppoBound = 0.2

/** The widths of the interval of ratios around 1. */
export interface ClipBounds {
  /** Lower bound 1 - clipLow; Infinity leaves the side open. */
  clipLow: number
  /** Upper bound 1 + clipHigh; Infinity leaves the side open. */
  clipHigh: number
}

/**
 * PPO's clip with separate bounds: `min(r A, clip(r, 1 - clipLow, 1 + clipHigh) A)`.
 *
 * The gradient r A stops where r > 1 + clipHigh and A > 0, and where r < 1 - clipLow and A < 0; at the bound itself it
 * still flows. On a batch's first update r = 1 and nothing is clipped.
 *
 * Source: arXiv 1707.06347, eq. 7 (one epsilon, 0.2); separate bounds: DAPO, arXiv 2503.14476, "clip-higher"
 * (0.2 and 0.28). TRL: epsilon and epsilon_high; verl: clip_ratio_low and clip_ratio_high, both 0.2.
 *
 * @param weight What multiplies A in place of r, a constant: r itself, or r under a cap. The clip looks at r.
 */
export function ppoClip(
  ratio: number,
  advantage: number,
  { clipLow, clipHigh }: ClipBounds,
  weight: number = ratio,
): Surrogate {
  const clipped = (advantage > 0 && ratio > 1 + clipHigh) || (advantage < 0 && ratio < 1 - clipLow)
  if (!clipped) return { value: weight * advantage, slope: weight * advantage, clipped }
  // A cap may lie below the bound that r has passed: then the cap is what the value stays at.
  const bound = advantage > 0 ? Math.min(weight, 1 + clipHigh) : weight < ratio ? weight : 1 - clipLow
  return { value: bound * advantage, slope: 0, clipped }
}

/** The atlas's row that the others' predicted dH is compared with. */
export const plainName = 'ppo-clip (GRPO)'

export const ppoClipMethod = entropyMethod({
  name: 'ppo-clip',
  summary: 'g = r A, 0 where r > 1 + clipHigh and A > 0, or r < 1 − clipLow and A < 0',
  source: '[1707.06347](https://arxiv.org/abs/1707.06347), [2503.14476](https://arxiv.org/abs/2503.14476)',
  reads: "algorithm.clipLow 0.2, clipHigh 0.2 (DAPO's clip-higher: 0.28)",
  excludes: [oneRatioRule],
  needs: { statistics: [], ratio: true },
  ppoClip: 'keeps',
  atlas: () => [{ name: plainName }, { name: 'clip-higher', ppo: { clipLow: ppoBound, clipHigh: 0.28 } }],
})
