/** How far figures of a data set may be off by the choice of its problems: resampling over problems, seeded. */
import { rngFrom } from '../base/philox.js'
import { mean } from '../base/sample.js'

export interface ResamplingOptions {
  /** Share of resamples inside the interval. */
  confidence?: number
  resamples?: number
  seed?: number
}

export interface Estimate {
  mean: number
  low: number
  high: number
}

export interface Difference extends Estimate {
  /** Two-sided p-value of "no difference", by random signs of the problems' differences. */
  pValue: number
}

// Streams of the generator, one per use.
const bootstrapStream = 1
const signStream = 2
/** Up to so many problems all 2^n signs are gone through instead of drawn. */
const exactSigns = 14

/**
 * The mean over problems with its percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13): problems are
 * drawn with replacement, as a benchmark is a draw of problems; a problem's value (its Avg@K or Pass@K) stays as it is.
 */
export function bootstrapMean(values: readonly number[], options: ResamplingOptions = {}): Estimate {
  return bootstrapMeans([values], options)[0]!
}

/** Several values of each problem (a column each), resampled together; each column as {@link bootstrapMean} alone. */
export function bootstrapMeans(columns: readonly (readonly number[])[], options: ResamplingOptions = {}): Estimate[] {
  const { confidence = 0.95, resamples = 10_000, seed = 0 } = options
  const n = columns[0]?.length ?? 0
  if (n === 0) throw new RangeError('no values to take the mean of')
  if (columns.some(({ length }) => length !== n)) throw new RangeError('columns of different lengths')
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`a confidence of ${confidence}`)
  if (!Number.isSafeInteger(resamples) || resamples < 1) throw new RangeError(`${resamples} resamples`)
  const rng = rngFrom(seed, bootstrapStream)
  const means = columns.map(() => new Float64Array(resamples))
  const sums = new Float64Array(columns.length)
  for (let r = 0; r < resamples; r++) {
    sums.fill(0)
    for (let i = 0; i < n; i++) {
      const drawn = Math.floor(rng() * n)
      for (let c = 0; c < columns.length; c++) sums[c]! += columns[c]![drawn]!
    }
    for (let c = 0; c < columns.length; c++) means[c]![r] = sums[c]! / n
  }
  return columns.map((values, c) => {
    const sorted = means[c]!.sort()
    return {
      mean: mean(values),
      low: quantile(sorted, (1 - confidence) / 2),
      high: quantile(sorted, (1 + confidence) / 2),
    }
  })
}

/** The q-quantile of sorted values, linear between neighbours. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!)
}

/**
 * Mean of b - a over problems that both were evaluated on, its bootstrap interval, and the p-value of a sign-flip
 * permutation test: were there no difference, each problem's could as well have the other sign.
 */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  options: ResamplingOptions = {},
): Difference {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} values are no pairs`)
  const differences = b.map((value, i) => value - a[i]!)
  return { ...bootstrapMean(differences, options), pValue: signFlip(differences, options) }
}

function signFlip(differences: readonly number[], { resamples = 10_000, seed = 0 }: ResamplingOptions): number {
  const total = (signs: (i: number) => boolean) => {
    let sum = 0
    for (let i = 0; i < differences.length; i++) sum += signs(i) ? differences[i]! : -differences[i]!
    return Math.abs(sum)
  }
  // Sums of the same terms in other orders of signs differ by rounding; ties count as at least as extreme.
  const observed = total(() => true) * (1 - 1e-12)
  if (differences.length <= exactSigns) {
    const all = 2 ** differences.length
    let extreme = 0
    for (let signs = 0; signs < all; signs++) if (total((i) => ((signs >> i) & 1) === 1) >= observed) extreme++
    return extreme / all
  }
  const rng = rngFrom(seed, signStream)
  let extreme = 0
  for (let r = 0; r < resamples; r++) if (total(() => rng() < 0.5) >= observed) extreme++
  // The observed signs are one of the draws, so that no p-value is 0 (Phipson and Smyth 2010).
  return (extreme + 1) / (resamples + 1)
}
