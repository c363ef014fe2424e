/** Two models on the same problems: is one better, or were the problems kind? */
import { avgAtK, type Outcome, passAtK } from './estimators.js'
import { pairedDifference } from './estimators-bootstrap.js'

/** The mean over problems of b less a. */
export interface MeasuredDifference {
  metric: 'avg_at_k' | 'pass_at_k'
  difference: number
  /** 95 %, bootstrap over the pairs (problems). */
  interval: [low: number, high: number]
  /** Two-sided, of "no difference", by random signs of the problems' differences. */
  p_value: number
}

/**
 * Avg@K and Pass@K (K the number of samples) of two evaluations of the same problems, in the same order.
 * @throws RangeError where they are not the same in number.
 */
export function differencesOf(
  a: readonly Outcome[],
  b: readonly Outcome[],
  options: { seed?: number } = {},
): MeasuredDifference[] {
  const metrics = { avg_at_k: avgAtK, pass_at_k: (outcome: Outcome) => passAtK(outcome, outcome.samples) }
  return Object.entries(metrics).map(([metric, figure]) => {
    const { mean, low, high, pValue } = pairedDifference(a.map(figure), b.map(figure), options)
    return { metric: metric as keyof typeof metrics, difference: mean, interval: [low, high], p_value: pValue }
  })
}
