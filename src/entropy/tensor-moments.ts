/**
 * The moments of many distributions in one pass over their logits, on tensors. Rows are shifted by their maximum; the
 * maximum's own term, exactly 1, stays out of the sums, so a nearly one-hot row keeps its tail (log1p). The sums are
 * float32 on the device; what is made of them is float64.
 */
import {
  argmax,
  cat,
  expInto,
  full,
  gather,
  mul,
  mul_,
  reshape,
  scatter_,
  scope,
  sub,
  sum,
  type Tensor,
} from '../torch/index.js'

/** Sums over one row, without the maximum's term in tail and c: a = 1 + tail, c = 1 + squares (paper's section 3). */
export interface RowSums {
  /** sum e^x - 1. */
  tail: number
  /** b = sum e^x x. */
  b: number
  /** sum e^(2x) - 1. */
  squares: number
  /** d = sum e^(2x) x. */
  d: number
  /** e = sum e^(2x) x^2. */
  e: number
}

/** What a distribution is, independent of the token sampled from it. Nats. */
export interface RowMoments {
  /** a, the sum of e^x. */
  a: number
  logA: number
  /** b / a: the mean of x. */
  meanX: number
  entropy: number
  sumP2: number
  sumP2LogP: number
  expectedS: number
  sumS2: number
}

export function rowMoments({ tail, b, squares, d, e }: RowSums): RowMoments {
  const a = 1 + tail
  const c = 1 + squares
  const logA = Math.log1p(tail)
  const meanX = b / a
  return {
    a,
    logA,
    meanX,
    entropy: logA - meanX,
    sumP2: c / (a * a),
    sumP2LogP: (d - c * logA) / (a * a),
    expectedS: (d - c * meanX) / (a * a),
    sumS2: Math.max(0, (e - 2 * d * meanX + c * meanX * meanX) / (a * a)),
  }
}

/** log p and S* of the token whose shifted logit is x. */
export function tokenScores(moments: RowMoments, x: number): { logprob: number; S: number } {
  return { logprob: x - moments.logA, S: (Math.exp(x) / moments.a) * (x - moments.meanX) }
}

export interface ShiftedRows {
  /** e^x, in the logits' memory, the maximum's own 1 included. */
  exp_R_V: Tensor
  /** e^x x. */
  expX_R_V: Tensor
  /** Shifted logits at `targets_R_1`, where they were given. */
  targetX?: Float32Array
  sums: RowSums[]
}

/**
 * Sums of every row of float32 `logits_R_V`, whose memory is taken over. The tensors in the result belong to the
 * caller's scope.
 */
export function shiftedRows(logits_R_V: Tensor, targets_R_1?: Tensor): ShiftedRows {
  const [R] = logits_R_V.shape
  const { device } = logits_R_V
  return scope(() => {
    const top_R_1 = argmax(logits_R_V, 1, true)
    const x_R_V = sub(logits_R_V, gather(logits_R_V, 1, top_R_1))
    const targetX = targets_R_1 ? gather(x_R_V, 1, targets_R_1).toFloat32Array() : undefined
    const exp_R_V = logits_R_V
    expInto(exp_R_V, x_R_V)
    scatter_(exp_R_V, 1, top_R_1, full([R, 1], 0, { device }))
    mul_(x_R_V, exp_R_V)
    const total = (tensor: Tensor) => reshape(sum(tensor, [1]), [R, 1])
    const product = (a: Tensor, b: Tensor) => scope(() => total(mul(a, b)))
    const host = cat(
      [total(exp_R_V), total(x_R_V), product(exp_R_V, exp_R_V), product(exp_R_V, x_R_V), product(x_R_V, x_R_V)],
      1,
    ).toFloat32Array()
    scatter_(exp_R_V, 1, top_R_1, full([R, 1], 1, { device }))
    const sums = Array.from({ length: R }, (_, r) => {
      const [tail, b, squares, d, e] = host.subarray(r * 5, r * 5 + 5)
      return { tail, b, squares, d, e }
    })
    return { exp_R_V, expX_R_V: x_R_V, targetX, sums }
  })
}
