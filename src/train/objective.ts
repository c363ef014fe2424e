/** Which surrogate the policy's tokens are trained on; the values' meaning is in docs/config.md. */
export interface ObjectiveOptions {
  /** r below 1 - clipLow gives no gradient where A < 0. */
  clipLow: number
  /** r above 1 + clipHigh gives no gradient where A > 0. */
  clipHigh: number
  /** Largest importance weight, by which r is capped; Infinity = no cap. */
  importanceCap: number
  klCoef: number
  klEstimator: 'k2' | 'k3'
  /** Coefficient of an entropy bonus, nats to objective. */
  entropyCoef: number
}
