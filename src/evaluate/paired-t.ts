/** Intervals for the mean of a few paired differences, one per seed: Student's t, without a table. */
import { mean } from '../base/sample.js'

export interface PairedInterval {
  /** Number of pairs. */
  n: number
  mean: number
  /** Standard deviation of the differences, n - 1 in the denominator. */
  deviation: number
  /** Ends of the two-sided interval. */
  low: number
  high: number
}

/**
 * Mean of the differences with its two-sided t interval, `mean +- t(n - 1) s / sqrt(n)`. Exact for normally distributed
 * differences; with a handful of seeds it is wider than a bootstrap, which resamples too few values to see their spread.
 * @throws {RangeError} for fewer than 2 differences or one that is not finite.
 */
export function pairedInterval(differences: readonly number[], confidence = 0.95): PairedInterval {
  const n = differences.length
  if (n < 2) throw new RangeError(`${n} differences: an interval needs at least 2`)
  const wrong = differences.find((value) => !Number.isFinite(value))
  if (wrong !== undefined) throw new RangeError(`a difference of ${wrong}`)
  const centre = mean(differences)
  const deviation = Math.sqrt(differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1))
  const half = (studentQuantile((1 + confidence) / 2, n - 1) * deviation) / Math.sqrt(n)
  return { n, mean: centre, deviation, low: centre - half, high: centre + half }
}

/**
 * P(|T| <= t) for Student's t with a whole number of degrees of freedom, in closed form (Abramowitz and Stegun 1964,
 * 26.7.3 and 26.7.4): with theta = atan(t / sqrt(df)), a finite sum of powers of cos theta.
 */
export function studentWithin(t: number, df: number): number {
  const theta = Math.atan(t / Math.sqrt(df))
  const [sin, cos] = [Math.sin(theta), Math.cos(theta)]
  const odd = df % 2 === 1
  let term = odd ? cos : 1
  let sum = df === 1 ? 0 : term
  for (let k = odd ? 3 : 2; k <= df - 2; k += 2) {
    term *= (cos * cos * (k - 1)) / k
    sum += term
  }
  return odd ? (2 / Math.PI) * (theta + sin * sum) : sin * sum
}

/** The t with P(T <= t) = p, for 1/2 <= p < 1, by bisection of {@link studentWithin}. */
export function studentQuantile(p: number, df: number): number {
  if (!Number.isSafeInteger(df) || df < 1) throw new RangeError(`${df} degrees of freedom`)
  if (!(p >= 0.5 && p < 1)) throw new RangeError(`a quantile of ${p}: it must be at least 1/2 and below 1`)
  const within = 2 * p - 1
  let low = 0
  let high = 1
  while (studentWithin(high, df) < within) high *= 2
  // Each step halves the interval: 60 of them reach the last digit.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (studentWithin(middle, df) < within) low = middle
    else high = middle
  }
  return (low + high) / 2
}
