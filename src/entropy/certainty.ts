/**
 * The clips on scores that are known to intervals: which tokens they mask whatever the truth, and which they may mask.
 *
 * Mean and sigma of the batch are intervals too. The mean's is the mean of the ends. For sigma, with dist and far the
 * distances from mu to an interval's nearest and farthest point: `sigma^2 = min over mu of mean (x - mu)^2`, so
 * `min over mu of mean dist^2` is the smallest variance the intervals allow, and no variance exceeds
 * `min over mu of mean far^2`. Both are convex in mu.
 */
import { type ClipOptions, isEligible } from './clip-options.js'
import type { Interval } from './interval.js'
import { resolveClipOptions, scoreClip } from './methods/score-clips.js'

export type MaskVerdict = 'kept' | 'possible' | 'masked'

export interface ClipCertainty {
  /** Per token: `masked` and `kept` hold for every truth inside the intervals, `possible` for neither. */
  verdicts: MaskVerdict[]
  mean: Interval
  sigma: Interval
  /** Threshold on the score; -Infinity when open. */
  low: Interval
  /** Threshold on the score; Infinity when open. */
  high: Interval
}

/**
 * What {@link clipB} (scores S*) or {@link clipV} (scores Sc) do to tokens whose scores are known to intervals.
 *
 * @param scores One interval per policy token of the batch.
 * @param advantage A of the same tokens.
 * @throws {UserError} for options that make no sense.
 * @throws {RangeError} for no tokens, other lengths, or an interval or advantage that is not finite.
 */
export function clipCertainty(
  clip: 'B' | 'V',
  scores: readonly Interval[],
  advantage: ArrayLike<number>,
  options: ClipOptions,
): ClipCertainty {
  const { muLow, muHigh, applyTo, cap } = resolveClipOptions(clip, options)
  if (scores.length === 0) throw new RangeError('no policy tokens: a batch needs at least one for its mean and sigma')
  if (advantage.length !== scores.length) {
    throw new RangeError(`${advantage.length} advantages for ${scores.length} scores`)
  }
  scores.forEach(([low, high], t) => {
    if (!(Number.isFinite(low) && low <= high && high < Number.POSITIVE_INFINITY && Number.isFinite(advantage[t]))) {
      throw new RangeError(`token ${t} has the score [${low}, ${high}] and the advantage ${advantage[t]}`)
    }
  })
  const mean: Interval = [average(scores.map(([low]) => low)), average(scores.map(([, high]) => high))]
  const sigma = sigmaInterval(scores)
  const { centreOf } = scoreClip(clip)
  const centre: Interval = [centreOf(mean[0]), centreOf(mean[1])]
  const reach = (mu: number, s: number) => (mu === Number.POSITIVE_INFINITY ? mu : mu * s)
  const low: Interval = [centre[0] - reach(muLow, sigma[1]), centre[1] - reach(muLow, sigma[0])]
  const high: Interval = [centre[0] + reach(muHigh, sigma[0]), centre[1] + reach(muHigh, sigma[1])]

  const eligible = scores.map((_, t) => isEligible(advantage[t], applyTo))
  const limit = sigma[1] === 0 ? 0 : cap(eligible.filter(Boolean).length, scores.length)
  const mayLeave = scores.map((s, t) => eligible[t] && (s[0] < low[1] || s[1] > high[0]))
  // Where sigma may be 0 nothing is certain: the clips then mask nothing.
  const mustLeave = scores.map((s, t) => eligible[t] && sigma[0] > 0 && (s[1] < low[0] || s[0] > high[1]))
  const nearest = scores.map((s) => Math.max(0, s[0] - centre[1], centre[0] - s[1]))
  const farthest = scores.map((s) => Math.max(s[1] - centre[0], centre[1] - s[0]))
  const rivals = sorted(farthest.filter((_, t) => mayLeave[t]))
  const winners = sorted(nearest.filter((_, t) => mustLeave[t]))
  const verdicts = scores.map((_, t): MaskVerdict => {
    // The cap takes the farthest first: in it for certain when fewer than `limit` others may lie as far or farther,
    // out of it for certain when `limit` others surely lie farther.
    if (mustLeave[t] && countAtLeast(rivals, nearest[t]) - 1 < limit) return 'masked'
    if (mayLeave[t] && countAbove(winners, farthest[t]) < limit) return 'possible'
    return 'kept'
  })
  return { verdicts, mean, sigma, low, high }
}

/** All population standard deviations of numbers inside the intervals lie in this one. */
export function sigmaInterval(intervals: readonly Interval[]): Interval {
  const ends = hull(intervals)
  // Signed distances pull mu; their sum falls as mu grows and is 0 at the minimum.
  const pullToNearest = (mu: number) => sum(intervals, ([low, high]) => Math.max(0, low - mu) - Math.max(0, mu - high))
  const pullToFarthest = (mu: number) => sum(intervals, ([low, high]) => (high - mu > mu - low ? high - mu : low - mu))
  const near = bisect(pullToNearest, ends[0], ends[1])
  const far = bisect(pullToFarthest, ends[0], ends[1])
  const smallest = sum(intervals, ([low, high]) => Math.max(0, low - near, near - high) ** 2) / intervals.length
  const largest = sum(intervals, ([low, high]) => Math.max(high - far, far - low) ** 2) / intervals.length
  // The minimum was found to rounding; an interval may only err towards being too wide.
  return [Math.sqrt(smallest) * (1 - 1e-9), Math.sqrt(largest) * (1 + 1e-9)]
}

/** Everything that any of the intervals holds lies in this one. */
function hull(intervals: readonly Interval[]): Interval {
  let [low, high] = intervals[0]
  for (const interval of intervals) {
    low = Math.min(low, interval[0])
    high = Math.max(high, interval[1])
  }
  return [low, high]
}

/** Where a falling function changes sign. */
function bisect(falling: (x: number) => number, low: number, high: number): number {
  for (let i = 0; i < 60 && low < high; i++) {
    const middle = (low + high) / 2
    if (falling(middle) > 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}

function sum(intervals: readonly Interval[], value: (interval: Interval) => number): number {
  return intervals.reduce((total, interval) => total + value(interval), 0)
}

const average = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length

const sorted = (values: number[]): Float64Array => Float64Array.from(values).sort()

/** How many of an ascending list are at least `value`. */
function countAtLeast(ascending: Float64Array, value: number): number {
  return ascending.length - firstIndex(ascending, (entry) => entry >= value)
}

/** How many of an ascending list are above `value`. */
function countAbove(ascending: Float64Array, value: number): number {
  return ascending.length - firstIndex(ascending, (entry) => entry > value)
}

function firstIndex(ascending: Float64Array, holds: (entry: number) => boolean): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(ascending[middle])) high = middle
    else low = middle + 1
  }
  return low
}
