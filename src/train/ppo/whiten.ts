/** Advantage whitening and the other statistics that PPO takes over a batch's policy tokens. */

/** As TRL's and verl's masked_whiten. */
const varianceEpsilon = 1e-8

export interface BatchMoments {
  count: number
  mean: number
  /** With n - 1; 0 for a single value. */
  variance: number
}

/** Mean and sample variance over all entries of all arrays, in two passes. */
export function batchMoments(arrays: readonly ArrayLike<number>[]): BatchMoments {
  let count = 0
  let sum = 0
  for (const values of arrays) {
    count += values.length
    for (let i = 0; i < values.length; i++) sum += values[i]
  }
  const mean = sum / count
  let squares = 0
  for (const values of arrays) for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2
  return { count, mean, variance: count > 1 ? squares / (count - 1) : 0 }
}

/**
 * (A - mean) / sqrt(variance + 1e-8) over every entry of every array, variance with n - 1. The arrays are the policy
 * tokens of a whole step's completions: tokens that the entropy mask stops count, truncated completions that are left
 * out of the policy tokens do not. Where the variance is not finite, no advantage is.
 */
export function whiten(arrays: readonly ArrayLike<number>[]): Float64Array[] {
  const { mean, variance } = batchMoments(arrays)
  // An infinite variance would turn every advantage into 0, which reads as no signal.
  const scale = Number.isFinite(variance) ? 1 / Math.sqrt(variance + varianceEpsilon) : Number.NaN
  return arrays.map((values) => Float64Array.from(values, (value) => (value - mean) * scale))
}

/**
 * 1 - Var(returns - values) / Var(returns): 1 for a critic that knows the returns, 0 for one that says their mean,
 * below 0 for a worse one. NaN where the returns do not vary.
 */
export function explainedVariance(values: readonly ArrayLike<number>[], returns: readonly ArrayLike<number>[]): number {
  const residuals = returns.map((each, i) => Float64Array.from(each, (value, t) => value - values[i][t]))
  const { variance } = batchMoments(returns)
  return variance > 0 ? 1 - batchMoments(residuals).variance / variance : Number.NaN
}
