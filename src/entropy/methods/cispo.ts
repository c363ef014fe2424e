import type { ClipBounds, Surrogate } from './surrogate.js'

/**
 * CISPO: the ratio is clipped as a detached weight, `sg(clip(r, 1 - clipLow, 1 + clipHigh)) A log p`, so every token
 * keeps a gradient: slope = clip(r) A.
 *
 * Source: MiniMax-M1, arXiv 2506.13585, eq. 4 and 5.
 */
export function cispo(ratio: number, advantage: number, logprob: number, { clipLow, clipHigh }: ClipBounds): Surrogate {
  const weight = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh)
  return { value: weight * advantage * logprob, slope: weight * advantage, clipped: false }
}
