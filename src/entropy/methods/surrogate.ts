/**
 * What every rule on the importance ratio turns a token into: a value of the surrogate, and its derivative with respect
 * to log p_k. The derivative is what trains; it acts on the logits along e_k - p.
 */
export interface Surrogate {
  value: number
  /** d value / d log p_k; 0 where `clipped`. */
  slope: number
  /** Whether the rule stopped the gradient. */
  clipped: boolean
}

/** The widths of the interval of ratios around 1. */
export interface ClipBounds {
  /** Lower bound 1 - clipLow; Infinity leaves the side open. */
  clipLow: number
  /** Upper bound 1 + clipHigh; Infinity leaves the side open. */
  clipHigh: number
}
