/**
 * Draws one token per row by inverting the cumulative distribution: block sums find the block, the block's elements the
 * token, so that no cumulative sum over the vocabulary exists. The uniform number is given; the same number on the
 * same distribution gives the same token whatever the batch.
 */
import {
  cumsum,
  div,
  fromIndices,
  full,
  gather,
  le,
  lt,
  mul,
  narrow,
  reshape,
  scope,
  sort,
  sum,
  type Tensor,
  toDtype,
  topk,
  where,
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
 * the cut stay together. Nothing is looked at but on the processor, where that costs nothing.
 *
 * @param total_R_1 each row's sum, float64.
 * @returns `kept_R_1`, each row's remaining share of its sum, float64; rounding can leave it above 1.
 */
export function truncate(
  exp_R_V: Tensor,
  total_R_1: Tensor,
  { topP, topK, minP }: Truncation,
): { weights_R_V: Tensor; kept_R_1: Tensor } {
  return scope(() => {
    const { device, shape } = exp_R_V
    let cut_R_1 = full([shape[0], 1], minP, { device })
    if (topK > 0) {
      const largest_R_K = topk(exp_R_V, Math.min(shape[1], topK))[0]
      cut_R_1 = larger(cut_R_1, narrow(largest_R_K, 1, largest_R_K.shape[1] - 1, 1))
      if (topP < 1) cut_R_1 = larger(cut_R_1, nucleusCut(largest_R_K, topP))
    } else if (topP < 1) {
      cut_R_1 = larger(cut_R_1, nucleusCut(largestWeights(exp_R_V, total_R_1, topP), topP, total_R_1))
    }
    const weights_R_V = mul(exp_R_V, toDtype(le(cut_R_1, exp_R_V), 'float32'))
    return { weights_R_V, kept_R_1: div(toDtype(sum(weights_R_V, [1], true), 'float64'), total_R_1) }
  })
}

const larger = (a: Tensor, b: Tensor): Tensor => where(lt(a, b), b, a)

/** Weights that a nucleus seldom passes. */
const nucleusGuess = 1024

/**
 * How many times the logits of the rows that are sampled at once lie in memory, for the memory plan: e^x, x, and a product;
 * where a nucleus is sought in the whole vocabulary on a device with memory of its own, also its order, of numbers and of
 * 64-bit places.
 */
export const samplingCopies = (ownMemory: boolean, { topP, topK }: Omit<Truncation, 'minP'>): number =>
  ownMemory && topP < 1 && topK === 0 ? 6 : 3

/** Enough of the largest weights, in descending order, for `topP` of the total. */
function largestWeights(exp_R_V: Tensor, total_R_1: Tensor, topP: number): Tensor {
  // Elsewhere a look at the guess costs more than to sort the vocabulary.
  if (exp_R_V.device.type === 'cpu' && exp_R_V.shape[1] > nucleusGuess) {
    const guess_R_K = topk(exp_R_V, nucleusGuess)[0]
    const mass_R_1 = sum(guess_R_K, [1], true, 'float64')
    const flat = sum(lt(mass_R_1, mul(total_R_1, topP))).item()
    if (flat === 0) return guess_R_K
  }
  // A vocabulary's indices go at once: they are twice the weights.
  return scope(() => sort(exp_R_V, 1, true)[0])
}

/** The smallest weight of the smallest set of largest weights that holds `topP` of the total, by default their sum. */
function nucleusCut(descending_R_K: Tensor, topP: number, total_R_1?: Tensor): Tensor {
  return scope(() => {
    const last = descending_R_K.shape[1] - 1
    const cumulative_R_K = cumsum(toDtype(descending_R_K, 'float64'), 1)
    const goal_R_1 = mul(total_R_1 ?? narrow(cumulative_R_K, 1, last, 1), topP)
    // Where rounding leaves all of them below the goal, the last one is meant.
    const before_R_1 = sum(lt(narrow(cumulative_R_K, 1, 0, last), goal_R_1), [1], true)
    return gather(descending_R_K, 1, before_R_1)
  })
}
