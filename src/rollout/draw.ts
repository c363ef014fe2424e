/**
 * Draws one token per row by inverting the cumulative distribution: block sums find the block, the block's elements the
 * token, so that no cumulative sum over the vocabulary exists. The uniform number is given; the same number on the
 * same distribution gives the same token whatever the batch.
 */
import {
  fromData,
  fromIndices,
  gather,
  le,
  mul,
  narrow,
  reshape,
  scope,
  sum,
  type Tensor,
  toDtype,
  topk,
} from '../torch/index.js'

export interface Truncation {
  topP: number
  topK: number
  minP: number
}

export const truncates = ({ topP, topK, minP }: Truncation): boolean => topP < 1 || topK > 0 || minP > 0

/** Elements of a block; device-draw.ts draws by the same ones. */
export const block = 128
/** Relative distance to an edge of the cumulative distribution within which rounding may decide. */
export const edge = 1e-6

export interface Draws {
  tokens: Int32Array
  edgeDraws: number
}

/** One token per row of weights_R_V (non-negative, any scale) for uniform numbers in [0, 1). */
export function drawTokens(weights_R_V: Tensor, uniforms: ArrayLike<number>): Draws {
  return scope(() => {
    const [R, V] = weights_R_V.shape
    const blocks = Math.ceil(V / block)
    const whole = Math.floor(V / block)
    const body = narrow(weights_R_V, 1, 0, whole * block)
    const sums_R_N = sum(reshape(body, [R, whole, block]), [2]).toFloat32Array()
    const rest_R =
      V > whole * block
        ? sum(narrow(weights_R_V, 1, whole * block, V - whole * block), [1]).toFloat32Array()
        : undefined
    const sumOf = (r: number, n: number) => (n < whole ? sums_R_N[r * whole + n] : rest_R![r])

    const chosen = new Array<number>(R)
    const targets = new Float64Array(R)
    const totals = new Float64Array(R)
    for (let r = 0; r < R; r++) {
      let total = 0
      let last = 0
      for (let n = 0; n < blocks; n++) {
        const mass = sumOf(r, n)
        total += mass
        if (mass > 0) last = n
      }
      const target = uniforms[r] * total
      let before = 0
      let n = 0
      while (n < last && before + sumOf(r, n) <= target) before += sumOf(r, n++)
      chosen[r] = n
      targets[r] = target - before
      totals[r] = total
    }

    // The block's elements: indices beyond the vocabulary repeat the last one and are not looked at.
    const indices: number[] = []
    for (let r = 0; r < R; r++) {
      for (let j = 0; j < block; j++) indices.push(Math.min(chosen[r] * block + j, V - 1))
    }
    const values = gather(weights_R_V, 1, fromIndices(indices, [R, block], weights_R_V.device)).toFloat32Array()
    const tokens = new Int32Array(R)
    let edgeDraws = 0
    for (let r = 0; r < R; r++) {
      const length = Math.min(block, V - chosen[r] * block)
      let cumulative = 0
      let token = -1
      for (let j = 0; j < length; j++) {
        const weight = values[r * block + j]
        if (weight <= 0) continue
        token = j
        cumulative += weight
        if (cumulative <= targets[r]) continue
        const distance = Math.min(cumulative - targets[r], targets[r] - (cumulative - weight))
        if (distance < edge * totals[r]) edgeDraws++
        break
      }
      // Rounding can leave the target past the block's end: the last token of positive probability is meant.
      tokens[r] = chosen[r] * block + Math.max(token, 0)
    }
    return { tokens, edgeDraws }
  })
}

/**
 * exp_R_V with the weights that top-k, top-p and min-p cut set to 0; each row's largest weight is 1. Equal weights at
 * the cut stay together. `kept` is each row's remaining share of its sum `a`.
 */
export function truncate(
  exp_R_V: Tensor,
  a: readonly number[],
  { topP, topK, minP }: Truncation,
): { weights_R_V: Tensor; kept: number[] } {
  return scope(() => {
    const [R, V] = exp_R_V.shape
    const cuts = new Float32Array(R).fill(minP > 0 ? Math.fround(minP) : 0)
    if (topK > 0 || topP < 1) {
      let k = Math.min(V, topK > 0 ? topK : 1024)
      let values = topk(exp_R_V, k)[0].toFloat32Array()
      // A flat distribution's nucleus may be larger than the first guess.
      const mass = (r: number) => values.subarray(r * k, r * k + k).reduce((total, value) => total + value, 0)
      if (topK === 0 && k < V && a.some((total, r) => mass(r) < topP * total)) {
        k = V
        values = topk(exp_R_V, k)[0].toFloat32Array()
      }
      for (let r = 0; r < R; r++) {
        const row = values.subarray(r * k, r * k + k)
        if (topK > 0) cuts[r] = Math.max(cuts[r], row[k - 1])
        if (topP < 1) cuts[r] = Math.max(cuts[r], nucleusCut(row, topP, topK > 0 ? mass(r) : a[r]))
      }
    }
    const cuts_R_1 = fromData(cuts, [R, 1], { device: exp_R_V.device })
    const weights_R_V = mul(exp_R_V, toDtype(le(cuts_R_1, exp_R_V), 'float32'))
    const kept = Array.from(sum(weights_R_V, [1]).toFloat32Array(), (total, r) => Math.min(1, total / a[r]))
    return { weights_R_V, kept }
  })
}

/** The smallest weight of the smallest set of largest weights that holds `topP` of `total`. */
function nucleusCut(descending: Float32Array, topP: number, total: number): number {
  let cumulative = 0
  for (const weight of descending) {
    cumulative += weight
    if (cumulative >= topP * total) return weight
  }
  return descending[descending.length - 1]
}
