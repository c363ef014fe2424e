/**
 * The critic's loss of one token with value clipping (OpenAI baselines' PPO; TRL and verl alike):
 *   1/2 max((V - R)^2, (V_old + clamp(V - V_old, -c, c) - R)^2)
 * The larger of two errors: a value that has moved further than c from where the batch began, in the direction of its
 * return, gets no further gradient from this batch.
 */
export interface TokenValueLoss {
  loss: number
  /** d loss / dV: V - R, or 0 where the clip stops it. */
  slope: number
  clipped: boolean
}

/** @param clip c, in units of the return; Infinity: no clipping. */
export function tokenValueLoss(value: number, oldValue: number, target: number, clip: number): TokenValueLoss {
  const error = value - target
  const moved = value - oldValue
  // Within the clip the value itself: oldValue + moved may differ from it by rounding.
  const bounded = Math.abs(moved) <= clip ? value : oldValue + Math.sign(moved) * clip
  const clippedError = bounded - target
  const clipped = clippedError * clippedError > error * error
  return clipped
    ? { loss: (clippedError * clippedError) / 2, slope: 0, clipped }
    : { loss: (error * error) / 2, slope: error, clipped }
}
