import { type ClipResult, type ClipScore, type ClipTokens, clipByScore } from '../clip.js'
import type { ClipOptions } from '../clip-options.js'
import { clipKeys, clipRows, needsBounds } from './clip-keys.js'
import { oneSetOfBounds } from './exclusions.js'
import { entropyMethod } from './method.js'

/**
 * Presets: `paper`, applyTo all and no cap, muLow and muHigh have no default. `trinity`, the authors' released code:
 * applyTo negative, muLow 2.5, muHigh Infinity.
 */
export const clipBScore: ClipScore = {
  label: 'Clip_B',
  letter: 'B',
  scoreOf:
    ({ S }) =>
    (i) =>
      S[i],
  centreOf: (mean) => mean,
  presets: {
    paper: { applyTo: 'all' },
    trinity: { applyTo: 'negative', muLow: 2.5, muHigh: Number.POSITIVE_INFINITY },
  },
}

/**
 * Clip_B, the paper's batch-normalised clip: keep token t iff `-muLow sigma <= S*_t - mean S* <= muHigh sigma`, with the
 * mean and the population sigma of S* over all policy tokens of the batch.
 *
 * Bounds are inclusive. Only policy tokens with A != 0 and the sign that `applyTo` names may be masked, at most
 * floor(maxFraction x eligible) of them, farthest from the centre first, ties to the lower index. sigma = 0 masks
 * nothing. Scores carry no importance ratio.
 *
 * Source: arXiv 2602.03392.
 *
 * @throws {UserError} for options that make no sense, see `resolveClipOptions`.
 * @throws {RangeError} for arrays of different lengths, a batch without policy tokens, an S, expectedS or advantage
 *   of a policy token that is not finite, or scores whose variance is not.
 */
export const clipB = (tokens: ClipTokens, options: ClipOptions): ClipResult => clipByScore(clipBScore, tokens, options)

export const clipBMethod = entropyMethod({
  name: 'clip-b',
  summary: 'drops outliers of S\\* against the batch',
  source: '[2602.03392](https://arxiv.org/abs/2602.03392)',
  options: clipKeys,
  excludes: [oneSetOfBounds],
  needs: { statistics: ['advantage', 'S', 'expectedS'], moments: 'bounds' },
  masks: 'score',
  effect: clipB,
  score: clipBScore,
  checks: [needsBounds('clip-b')],
  example: { entropy: { muLow: 2, muHigh: 2 } },
  atlas: (view) => clipRows('clip-b', view),
})
