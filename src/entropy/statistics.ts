/**
 * Batch statistics over the tokens that are the policy's. All are population statistics (divided by n), summed in
 * float64, in two passes around the first value: a batch of equal scores then has a sigma of exactly 0.
 */

/** What the scores come in: float32 as sampled, or float64. */
export type FloatArray = Float32Array | Float64Array

export interface MeanAndSigma {
  mean: number
  /** Population standard deviation. */
  sigma: number
  /** Number of values that went in. */
  count: number
}

/**
 * Mean and population standard deviation of value(i) over the tokens with isPolicyToken[i] != 0.
 *
 * @throws {RangeError} when no token is the policy's.
 */
export function meanAndSigma(value: (i: number) => number, isPolicyToken: ArrayLike<number>): MeanAndSigma {
  let count = 0
  let shift = 0
  let sum = 0
  for (let i = 0; i < isPolicyToken.length; i++) {
    if (!isPolicyToken[i]) continue
    if (count++ === 0) shift = value(i)
    sum += value(i) - shift
  }
  if (count === 0) throw new RangeError('no policy tokens: a batch needs at least one for its mean and sigma')
  const mean = shift + sum / count
  let squares = 0
  for (let i = 0; i < isPolicyToken.length; i++) {
    if (isPolicyToken[i]) squares += (value(i) - mean) ** 2
  }
  return { mean, sigma: Math.sqrt(squares / count), count }
}

/**
 * Population covariance, `mean((x - mean x)(y - mean y))`, over all entries or those with isPolicyToken != 0.
 *
 * With x the advantages A and y the centred scores Sc it is the paper's Corollary C.2, `E[dH] = -eta Cov(A, Sc)`
 * (entropy falls where it is positive); with y = r Sc, the importance ratio times the score, Corollary C.2.1.
 * Both hold in expectation: on one batch `mean(A Sc) = Cov(A, Sc) + mean(A) mean(Sc)`, see {@link predictStep}.
 *
 * @throws {RangeError} for arrays of different lengths, no entries, or a value that is not finite.
 */
export function covariance(x: ArrayLike<number>, y: ArrayLike<number>, isPolicyToken?: ArrayLike<number>): number {
  if (x.length !== y.length) throw new RangeError(`covariance of ${x.length} with ${y.length} values`)
  if (isPolicyToken && isPolicyToken.length !== x.length) {
    throw new RangeError(`covariance of ${x.length} values under a mask of ${isPolicyToken.length}`)
  }
  let count = 0
  let sumX = 0
  let sumY = 0
  for (let i = 0; i < x.length; i++) {
    if (isPolicyToken && !isPolicyToken[i]) continue
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i])) {
      throw new RangeError(`covariance of a value that is not finite: (${x[i]}, ${y[i]}) at ${i}`)
    }
    count++
    sumX += x[i]
    sumY += y[i]
  }
  if (count === 0) throw new RangeError('covariance of no values')
  const meanX = sumX / count
  const meanY = sumY / count
  let products = 0
  for (let i = 0; i < x.length; i++) {
    if (!isPolicyToken || isPolicyToken[i]) products += (x[i] - meanX) * (y[i] - meanY)
  }
  return products / count
}
