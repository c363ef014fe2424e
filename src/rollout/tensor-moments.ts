/**
 * The moments of many distributions in one pass over their logits, on tensors. Rows are shifted by their maximum; the
 * maximum's own term, exactly 1, stays out of the sums, so a nearly one-hot row keeps its tail (log1p). The sums are
 * float32 on the device; what is made of them is float64.
 */

import { checkTemperature, type Moments, type SoftmaxOptions, type TokenScore } from '../entropy/moments.js'
import {
  argmax,
  cat,
  clone,
  div,
  expInto,
  fromIndices,
  full,
  gather,
  mul,
  mul_,
  noGrad,
  reshape,
  scatter_,
  scope,
  sub,
  sum,
  type Tensor,
  toDtype,
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
  /** Sc of the likeliest token, from deviations: S - E[S] loses it where the distribution is nearly one-hot. */
  topCentredS: number
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
    // sum_j p_j (S - S_j) = (sum e^x (1 - e^x) (-meanX) - sum e^(2x) x) / a^2 over the others: neither part is negative.
    topCentredS: (-Math.max(0, tail - squares) * meanX - d) / (a * a),
  }
}

export interface TokenScores {
  logprob: number
  S: number
  /** Sc = S* - E[S], with its sign also where the two are nearly equal. */
  centredS: number
}

/** log p, S*, and Sc of the token whose shifted logit is x. */
export function tokenScores(moments: RowMoments, x: number): TokenScores {
  const S = (Math.exp(x) / moments.a) * (x - moments.meanX)
  // The likeliest token's shifted logit is exactly 0.
  return { logprob: x - moments.logA, S, centredS: x === 0 ? moments.topCentredS : S - moments.expectedS }
}

export interface ShiftedTensors {
  /** e^x, in the logits' memory, the maximum's own 1 included. */
  exp_R_V: Tensor
  /** e^x x. */
  expX_R_V: Tensor
  /** The sums of {@link RowSums} in its order. */
  sums_R_5: Tensor
  /** Shifted logits at `targets_R_1`, where they were given. */
  targetX_R_1?: Tensor
}

/**
 * Sums of every row of float32 `logits_R_V`, whose memory is taken over. The tensors in the result belong to the
 * caller's scope.
 */
export function shiftedTensors(logits_R_V: Tensor, targets_R_1?: Tensor): ShiftedTensors {
  const [R] = logits_R_V.shape
  const { device } = logits_R_V
  return scope(() => {
    const top_R_1 = argmax(logits_R_V, 1, true)
    const x_R_V = sub(logits_R_V, gather(logits_R_V, 1, top_R_1))
    const targetX_R_1 = targets_R_1 ? gather(x_R_V, 1, targets_R_1) : undefined
    const exp_R_V = logits_R_V
    expInto(exp_R_V, x_R_V)
    scatter_(exp_R_V, 1, top_R_1, full([R, 1], 0, { device }))
    mul_(x_R_V, exp_R_V)
    const total = (tensor: Tensor) => reshape(sum(tensor, [1]), [R, 1])
    const product = (a: Tensor, b: Tensor) => scope(() => total(mul(a, b)))
    const sums_R_5 = cat(
      [total(exp_R_V), total(x_R_V), product(exp_R_V, exp_R_V), product(exp_R_V, x_R_V), product(x_R_V, x_R_V)],
      1,
    )
    scatter_(exp_R_V, 1, top_R_1, full([R, 1], 1, { device }))
    return { exp_R_V, expX_R_V: x_R_V, sums_R_5, targetX_R_1 }
  })
}

/** Sums from the first five of every `stride` numbers. */
export const rowSums = (host: Float32Array, rows: number, stride: number): RowSums[] =>
  Array.from({ length: rows }, (_, r) => {
    const [tail, b, squares, d, e] = host.subarray(r * stride, r * stride + 5)
    return { tail, b, squares, d, e }
  })

export interface ShiftedRows extends Pick<ShiftedTensors, 'exp_R_V' | 'expX_R_V'> {
  /** Shifted logits at `targets_R_1`, where they were given. */
  targetX?: Float32Array
  sums: RowSums[]
}

/** {@link shiftedTensors} with the sums on the host, which it looks at once. */
export function shiftedRows(logits_R_V: Tensor, targets_R_1?: Tensor): ShiftedRows {
  return scope(() => {
    const { exp_R_V, expX_R_V, sums_R_5, targetX_R_1 } = shiftedTensors(logits_R_V, targets_R_1)
    const [R] = exp_R_V.shape
    if (!targetX_R_1) return { exp_R_V, expX_R_V, sums: rowSums(sums_R_5.toFloat32Array(), R, 5) }
    const host = cat([sums_R_5, targetX_R_1], 1).toFloat32Array()
    const targetX = Float32Array.from({ length: R }, (_, r) => host[r * 6 + 5])
    return { exp_R_V, expX_R_V, targetX, sums: rowSums(host, R, 6) }
  })
}

export interface TensorMomentsOptions extends SoftmaxOptions {
  /** A sampled token for each row; its scores are then in the result. */
  tokens?: ArrayLike<number>
}

/**
 * {@link moments} of every row of logits at once, on their device, and {@link scoreToken} of one token a row: the sums
 * in float32 as in training, what is made of them in float64. The tensor stays as it is.
 *
 * @param logits_R_V R rows of z over a vocabulary of V, of any floating type.
 * @returns R entries; with `tokens` they have logprob, S and centredS too.
 * @throws {RangeError} for logits that are not a matrix, a temperature that is not a positive finite number, another
 *   number of tokens than rows, or a token outside the vocabulary.
 */
export function tensorMoments(
  logits_R_V: Tensor,
  { temperature = 1, tokens }: TensorMomentsOptions = {},
): (Moments & Partial<TokenScore>)[] {
  checkTemperature(temperature)
  const [R, V, ...more] = logits_R_V.shape
  if (V === undefined || more.length > 0) throw new RangeError(`logits of shape [${logits_R_V.shape}]: must be [R, V]`)
  if (tokens && tokens.length !== R) throw new RangeError(`${tokens.length} tokens for ${R} rows of logits`)
  const outside = Array.from(tokens ?? []).find((token) => !(Number.isInteger(token) && token >= 0 && token < V))
  if (outside !== undefined) throw new RangeError(`token ${outside} lies outside the vocabulary of ${V}`)
  return noGrad(() =>
    scope(() => {
      const wide = logits_R_V.dtype === 'float32' ? logits_R_V : toDtype(logits_R_V, 'float32')
      const u_R_V = temperature === 1 ? clone(wide) : div(wide, temperature)
      const top_R = gather(u_R_V, 1, argmax(u_R_V, 1, true)).toFloat32Array()
      const { sums, targetX } = shiftedRows(u_R_V, tokens && fromIndices(tokens, [R, 1], logits_R_V.device))
      return sums.map((row, r) => {
        const { entropy, sumP2, sumP2LogP, expectedS, sumS2, logA, ...rest } = rowMoments(row)
        const result = { logZ: top_R[r] + logA, entropy, sumP2, sumP2LogP, expectedS, sumS2 }
        if (!targetX) return result
        return { ...result, ...tokenScores({ ...result, ...rest, logA }, targetX[r]) }
      })
    }),
  )
}
