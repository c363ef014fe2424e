/** The clips on a score, by the letter that the library's functions take. */

import type { ClipScore } from '../clip.js'
import { type ClipOptions, fillClipOptions, type ResolvedClipOptions } from '../clip-options.js'
import { methods } from './recipe-keys.js'

type Letter = NonNullable<ClipScore['letter']>

export const scoreClip = (letter: Letter): ClipScore => methods.find(({ score }) => score?.letter === letter)!.score!

/** The methods that are the paper's clips. */
export const paperClips = methods.filter(({ score }) => score?.letter !== undefined)

/**
 * The options with their preset filled in. Presets of Clip_B / Clip_V:
 *
 * - `paper`: applyTo all, no cap; muLow and muHigh have no default.
 * - `trinity`: applyTo negative, muLow 2.5 / 8.5, muHigh Infinity; Clip_V masks at most
 *   max(1, int(1e-4 x policy tokens)), which a given maxFraction replaces.
 *
 * @throws {UserError} for a missing, negative or NaN mu, a maxFraction outside [0, 1], an unknown preset or applyTo.
 */
export function resolveClipOptions(clip: Letter, options: ClipOptions): ResolvedClipOptions {
  const { label, presets } = scoreClip(clip)
  return fillClipOptions(label, presets, options)
}
