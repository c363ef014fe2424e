import { type ClipResult, type ClipScore, type ClipTokens, clipByScore } from '../clip.js'
import type { ClipOptions } from '../clip-options.js'
import { clipKeys, clipRows, needsBounds } from './clip-keys.js'
import { oneSetOfBounds } from './exclusions.js'
import { entropyMethod } from './method.js'

/**
 * Presets: `paper`, applyTo all and no cap, muLow and muHigh have no default. `trinity`, the authors' released code:
 * applyTo negative, muLow 8.5, muHigh Infinity; at most max(1, int(1e-4 x policy tokens)) are masked, which a given
 * maxFraction replaces.
 */
export const clipVScore: ClipScore = {
  label: 'Clip_V',
  letter: 'V',
  scoreOf:
    ({ S, expectedS }) =>
    (i) =>
      S[i] - expectedS[i],
  centreOf: () => 0,
  presets: {
    paper: { applyTo: 'all' },
    trinity: {
      applyTo: 'negative',
      muLow: 8.5,
      muHigh: Number.POSITIVE_INFINITY,
      cap: (policyTokens) => Math.max(1, Math.floor(1e-4 * policyTokens)),
    },
  },
}

/**
 * Clip_V, the paper's vocabulary-normalised clip: keep token t iff `-muLow sigma <= Sc_t <= muHigh sigma`, with
 * `Sc = S* - E_p[S]`, whose mean over the vocabulary is 0, and sigma its population standard deviation over all policy
 * tokens of the batch (around the batch's own mean, which `mean` reports).
 *
 * Eligibility, cap, ties, inclusiveness and errors are those of `clipB`.
 *
 * Source: arXiv 2602.03392.
 */
export const clipV = (tokens: ClipTokens, options: ClipOptions): ClipResult => clipByScore(clipVScore, tokens, options)

export const clipVMethod = entropyMethod({
  name: 'clip-v',
  summary: 'drops outliers of Sc against the vocabulary',
  source: '[2602.03392](https://arxiv.org/abs/2602.03392)',
  options: clipKeys,
  excludes: [oneSetOfBounds],
  needs: { statistics: ['advantage', 'S', 'expectedS'], moments: 'bounds' },
  masks: 'score',
  effect: clipV,
  score: clipVScore,
  checks: [needsBounds('clip-v')],
  example: { entropy: { muLow: 2, muHigh: 2 } },
  atlas: (view) => clipRows('clip-v', view),
})
