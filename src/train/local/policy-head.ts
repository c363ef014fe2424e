/**
 * The policy head with its gradient in closed form. Logits exist for one chunk of rows at a time, and what the chunk
 * gives back is small: the rows' loss, d loss / d hidden, and its share of the head's weight gradient. With u = z / T:
 *   d objective / du = slope (e_k - p) - bonus S        (paper's sections 1 and 2; S_i = p_i (H + log p_i))
 * so memory does not grow with rows x vocabulary.
 */

import { headProducts } from '../../model/head-products.js'
import { rowsPerChunk } from '../../rollout/statistics.js'
import {
  type RowMoments,
  rowMoments,
  shiftedRows,
  type TokenScores,
  tokenScores,
} from '../../rollout/tensor-moments.js'
import {
  add,
  copyInto,
  type Device,
  div_,
  empty,
  fromData,
  fromIndices,
  mul,
  mul_,
  narrow,
  noGrad,
  scatterAdd_,
  scope,
  type Tensor,
} from '../../torch/index.js'

/**
 * Rows of one matrix product. Each product passes over the whole head (and its gradient), so few rows would wait for
 * memory; on the processor the statistics run on fewer rows, which stay in the cache.
 */
export const productRowsAtLeast = 256

/**
 * How many times the logits of a product's rows lie in memory, for the memory plan: on the processor once, beside the
 * statistics of a few rows; elsewhere beside all rows' statistics at once, which take e^x, x, and two products.
 */
export const headCopies = (device: Device): number => (device.type === 'cpu' ? 1.25 : 4)

/** What the loss wants of a row: both already weighted by the row's share in the objective. */
export interface RowGradient {
  /** d objective / d log p_k. */
  slope: number
  /** d objective / dH. */
  bonus: number
}

/** The row's target under the row's distribution. */
export interface HeadRow extends TokenScores {
  moments: RowMoments
}

/**
 * Runs the head over hidden_R_d for the sampled tokens `targets`. `gradientOf` is asked once per row, in order. The
 * result is d loss / d hidden_R_d (loss = -objective), in the hidden states' element type; the head's weight gradient
 * is added to `headGradient_V_d` (float32 where the head is in half precision).
 */
export function policyHead(
  hidden_R_d: Tensor,
  head_V_d: Tensor,
  targets: ArrayLike<number>,
  temperature: number,
  gradientOf: (row: number, head: HeadRow) => RowGradient,
  headGradient_V_d: Tensor | undefined,
): Tensor {
  const [R, d] = hidden_R_d.shape
  const [V] = head_V_d.shape
  const { device, dtype } = hidden_R_d
  const step = rowsPerChunk(V, device)
  const productRows = Math.max(step, productRowsAtLeast)
  return noGrad(() =>
    scope(() => {
      const products = headProducts(head_V_d)
      const dHidden_R_d = empty([R, d], { device, dtype })
      const targets_R_1 = fromIndices(targets, [R, 1], device)
      for (let at = 0; at < R; at += productRows) {
        const count = Math.min(productRows, R - at)
        scope(() => {
          const rows_C_d = narrow(hidden_R_d, 0, at, count)
          // Becomes the gradient in place, a few rows at a time.
          const logits_C_V = products.logits(rows_C_d)
          for (let first = 0; first < count; first += step) {
            const rows = Math.min(step, count - first)
            const some_R_V = narrow(logits_C_V, 0, first, rows)
            if (temperature !== 1) div_(some_R_V, temperature)
            logitGradient(some_R_V, narrow(targets_R_1, 0, at + first, rows), (row, head) =>
              gradientOf(at + first + row, head),
            )
            if (temperature !== 1) div_(some_R_V, temperature)
          }
          copyInto(narrow(dHidden_R_d, 0, at, count), products.backward(logits_C_V, rows_C_d, headGradient_V_d))
        })
      }
      return dHidden_R_d
    }),
  )
}

/** Puts d loss / du in the place of float32 logits u. */
function logitGradient(
  logits_R_V: Tensor,
  targets_R_1: Tensor,
  gradientOf: (row: number, head: HeadRow) => RowGradient,
): void {
  scope(() => {
    const [R] = logits_R_V.shape
    const { device } = logits_R_V
    const { exp_R_V, expX_R_V, sums, targetX } = shiftedRows(logits_R_V, targets_R_1)
    const onExp = new Float32Array(R)
    const onExpX = new Float32Array(R)
    const onTarget = new Float32Array(R)
    let anyBonus = false
    for (let r = 0; r < R; r++) {
      const moments = rowMoments(sums[r])
      const { slope, bonus } = gradientOf(r, { ...tokenScores(moments, targetX![r]), moments })
      // d loss / du_i = slope (p_i - [i = k]) + bonus S_i, with p = e^x / a and S = p (x - b / a).
      onExp[r] = (slope - bonus * moments.meanX) / moments.a
      onExpX[r] = bonus / moments.a
      onTarget[r] = -slope
      anyBonus ||= bonus !== 0
    }
    const column = (values: Float32Array<ArrayBuffer>) => fromData(values, [R, 1], { device })
    mul_(exp_R_V, column(onExp))
    if (anyBonus) copyInto(exp_R_V, add(exp_R_V, mul(expX_R_V, column(onExpX))))
    scatterAdd_(exp_R_V, 1, targets_R_1, column(onTarget))
  })
}
