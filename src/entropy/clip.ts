/**
 * Clip_B and Clip_V: entropy scores become a mask on the gradient.
 *
 * A token's score says which way an update of it moves the policy's entropy (Theorem 3.3, see moments.ts and first-order.ts). The clips drop the
 * gradient of tokens whose score lies far out, measured in standard deviations of the batch. Two masks exist and must
 * stay two: `isPolicyToken` says which tokens are the policy's and thereby fixes the loss's denominators; the mask
 * made here says where gradient flows and changes nothing else.
 *
 * "Batch" is all tokens of one optimizer step, never a micro-batch: cutting the batch otherwise changes no mask.
 */
import {
  type ClipOptions,
  type ClipPresets,
  fillClipOptions,
  isEligible,
  type ResolvedClipOptions,
} from './clip-options.js'
import { type FloatArray, meanAndSigma } from './statistics.js'

/** One entry per token of the optimizer step's batch. Values at non-policy tokens are never looked at. */
export interface ClipTokens {
  /** S* = p_k (H + log p_k) of the sampled token. */
  S: FloatArray
  /** E_p[S] of the same distribution. */
  expectedS: FloatArray
  /** A; tokens with A = 0 count in mean and sigma but are never masked. */
  advantage: FloatArray
  /** 1 = the policy sampled it (0: prompt, padding, a tool's output). */
  isPolicyToken: Uint8Array
}

export interface ClipResult {
  /** 1 = gradient flows; 0 at masked tokens and at every non-policy token. */
  mask: Uint8Array
  /** Mean over the policy tokens of S* (Clip_B) or Sc (Clip_V). */
  mean: number
  /** Population standard deviation over the policy tokens of the same score. */
  sigma: number
  /** Lowest kept score: mean - muLow sigma on S* (Clip_B), -muLow sigma on Sc (Clip_V); -Infinity when open. */
  low: number
  /** Highest kept score: mean + muHigh sigma on S* (Clip_B), muHigh sigma on Sc (Clip_V); Infinity when open. */
  high: number
  /** Number of tokens masked below `low`. */
  maskedLow: number
  /** Number of tokens masked above `high`. */
  maskedHigh: number
}

/** A clip: its score, what the score is measured against, and its presets. */
export interface ClipScore {
  /** As people write it: Clip_B. */
  label: string
  /** Of the paper's two clips: the name that `clipCertainty` and `resolveClipOptions` take. */
  letter?: 'B' | 'V'
  /** The score of token i. */
  scoreOf(tokens: Pick<ClipTokens, 'S' | 'expectedS'>): (i: number) => number
  /** Where the kept interval is centered, from the scores' mean over the batch. */
  centreOf(mean: number): number
  presets: ClipPresets
}

/**
 * Keeps token t iff `-muLow sigma <= score_t - centre <= muHigh sigma`, with mean and population sigma of the score over
 * all policy tokens of the batch.
 *
 * Bounds are inclusive. Only policy tokens with A != 0 and the sign that `applyTo` names may be masked, at most
 * floor(maxFraction x eligible) of them, farthest from the centre first, ties to the lower index. sigma = 0 masks
 * nothing. Scores carry no importance ratio.
 *
 * @throws {UserError} for options that make no sense, see `resolveClipOptions`.
 * @throws {RangeError} for arrays of different lengths, a batch without policy tokens, an S, expectedS or advantage
 *   of a policy token that is not finite, or scores whose variance is not.
 */
export function clipByScore(kind: ClipScore, tokens: ClipTokens, options: ClipOptions): ClipResult {
  const resolved = fillClipOptions(kind.label, kind.presets, options)
  check(tokens)
  const score = kind.scoreOf(tokens)
  const { mean, sigma, count } = meanAndSigma(score, tokens.isPolicyToken)
  return clip(tokens, score, { mean, sigma, count, centre: kind.centreOf(mean) }, resolved)
}

function clip(
  { advantage, isPolicyToken }: ClipTokens,
  score: (i: number) => number,
  { mean, sigma, count, centre }: { mean: number; sigma: number; count: number; centre: number },
  { muLow, muHigh, applyTo, cap }: ResolvedClipOptions,
): ClipResult {
  if (!Number.isFinite(sigma)) throw new RangeError(`the scores' standard deviation is ${sigma}: they are too large`)
  const mask = Uint8Array.from(isPolicyToken, (flag) => (flag ? 1 : 0))
  // Infinity x 0 is not a number: an open side is open whatever sigma is.
  const below = muLow === Number.POSITIVE_INFINITY ? muLow : muLow * sigma
  const above = muHigh === Number.POSITIVE_INFINITY ? muHigh : muHigh * sigma
  const low = centre - below
  const high = centre + above
  let eligible = 0
  const outside: { index: number; distance: number }[] = []
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i] || !isEligible(advantage[i], applyTo)) continue
    eligible++
    // Against the bounds as they are reported: the difference to the centre may round to the other side of one.
    if (score(i) < low || score(i) > high) outside.push({ index: i, distance: score(i) - centre })
  }
  const limit = sigma === 0 ? 0 : cap(eligible, count)
  if (outside.length > limit) {
    // A stable sort of indices in ascending order: ties go to the lower index.
    outside.sort((a, b) => Math.abs(b.distance) - Math.abs(a.distance))
    outside.length = limit
  }
  let maskedLow = 0
  let maskedHigh = 0
  for (const { index, distance } of outside) {
    mask[index] = 0
    if (distance < 0) maskedLow++
    else maskedHigh++
  }
  return { mask, mean, sigma, low, high, maskedLow, maskedHigh }
}

function check(tokens: ClipTokens): void {
  const { isPolicyToken } = tokens
  for (const name of ['S', 'expectedS', 'advantage'] as const) {
    const values = tokens[name]
    if (values.length !== isPolicyToken.length) {
      throw new RangeError(`${name} has ${values.length} entries, isPolicyToken ${isPolicyToken.length}`)
    }
    for (let i = 0; i < values.length; i++) {
      if (isPolicyToken[i] && !Number.isFinite(values[i])) {
        throw new RangeError(`${name} of token ${i} is ${values[i]}: the scores of a policy token must be finite`)
      }
    }
  }
}
