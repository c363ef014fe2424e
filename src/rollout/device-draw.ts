/**
 * The draw of draw.ts without leaving the device: there, every value that the host looks at ends the queue of kernels, so
 * a decoding step looks once, at its tokens and all that is told of them.
 */

import {
  add,
  cat,
  cumsum,
  type Device,
  fromData,
  full,
  gather,
  keep,
  le,
  lt,
  minimum,
  mul,
  narrow,
  reshape,
  scope,
  sub,
  sum,
  type Tensor,
  toDtype,
} from '../torch/index.js'
import { block, edge } from './draw.js'
import type { RowSums } from './tensor-moments.js'
import { rowSums } from './tensor-moments.js'

export interface DeviceDraws {
  tokens: Int32Array
  edgeDraws: number
  sums: RowSums[]
  /** The drawn tokens' weights. */
  weights: Float32Array
  /** The rows' `kept_R_1`, where it was given. */
  kept?: Float32Array
}

/** Draws for one vocabulary on one device; its constants lie there until it is disposed of. */
export class DeviceDraw {
  readonly #device: Device
  readonly #vocabSize: number
  /** 0 .. block - 1, in float64 as all of the draw: it holds every index exactly. */
  readonly #within_1_B: Tensor

  constructor(vocabSize: number, device: Device) {
    this.#device = device
    this.#vocabSize = vocabSize
    const within = Float64Array.from({ length: block }, (_, i) => i)
    this.#within_1_B = keep(fromData(within, [1, block], { dtype: 'float64', device }))
  }

  /** Uniform numbers in [0, 1), sent before the kernels that they are to wait for: u_R_1. */
  send(uniforms: readonly number[]): Tensor {
    return fromData(Float64Array.from(uniforms), [uniforms.length, 1], { dtype: 'float64', device: this.#device })
  }

  /**
   * One token per row of weights_R_V (non-negative, any scale) in one look, and in the same look the rows' `sums_R_5` and,
   * where a truncation made the weights, their share `kept_R_1`.
   */
  draw(weights_R_V: Tensor, u_R_1: Tensor, sums_R_5: Tensor, kept_R_1?: Tensor): DeviceDraws {
    return scope(() => {
      const [R] = weights_R_V.shape
      const { token_R_1, edge_R_1 } = this.#choose(weights_R_V, u_R_1)
      const weight_R_1 = gather(weights_R_V, 1, token_R_1)
      // Token ids are below 2^24: float32 holds them exactly.
      const columns = [sums_R_5, weight_R_1, toDtype(token_R_1, 'float32'), toDtype(edge_R_1, 'float32')]
      if (kept_R_1) columns.push(toDtype(kept_R_1, 'float32'))
      const host = cat(columns, 1).toFloat32Array()
      const stride = host.length / R
      const column = (index: number) => Float32Array.from({ length: R }, (_, r) => host[r * stride + index])
      return {
        sums: rowSums(host, R, stride),
        weights: column(5),
        tokens: Int32Array.from(column(6)),
        edgeDraws: column(7).reduce((a, b) => a + b, 0),
        kept: kept_R_1 && column(8),
      }
    })
  }

  #choose(weights_R_V: Tensor, u_R_1: Tensor): { token_R_1: Tensor; edge_R_1: Tensor } {
    const sums_R_N = toDtype(this.#blockSums(weights_R_V), 'float64')
    const [, N] = sums_R_N.shape
    const cumulative_R_N = cumsum(sums_R_N, 1)
    const total_R_1 = narrow(cumulative_R_N, 1, N - 1, 1)
    const target_R_1 = mul(u_R_1, total_R_1)
    const chosen_R_1 = firstBeyond(cumulative_R_N, target_R_1, total_R_1)
    const before_R_1 = sub(gather(cumulative_R_N, 1, chosen_R_1), gather(sums_R_N, 1, chosen_R_1))
    const residual_R_1 = sub(target_R_1, before_R_1)

    // The block's elements: those beyond the vocabulary repeat its last one, with the weight 0.
    const wanted_R_B = add(mul(toDtype(chosen_R_1, 'float64'), block), this.#within_1_B)
    const inside_R_B = toDtype(lt(wanted_R_B, this.#vocabSize), 'float64')
    const index_R_B = toDtype(
      minimum(wanted_R_B, full([], this.#vocabSize - 1, { dtype: 'float64', device: this.#device })),
      'int64',
    )
    const weights_R_B = mul(toDtype(gather(weights_R_V, 1, index_R_B), 'float64'), inside_R_B)
    const within_R_B = cumsum(weights_R_B, 1)
    const place_R_1 = firstBeyond(within_R_B, residual_R_1, narrow(within_R_B, 1, block - 1, 1))

    const above_R_1 = gather(within_R_B, 1, place_R_1)
    const below_R_1 = sub(above_R_1, gather(weights_R_B, 1, place_R_1))
    const distance_R_1 = minimum(sub(above_R_1, residual_R_1), sub(residual_R_1, below_R_1))
    return {
      token_R_1: gather(index_R_B, 1, place_R_1),
      edge_R_1: lt(distance_R_1, mul(total_R_1, edge)),
    }
  }

  #blockSums(weights_R_V: Tensor): Tensor {
    const [R, V] = weights_R_V.shape
    if (V !== this.#vocabSize) throw new Error(`draws are made for ${this.#vocabSize} tokens, not ${V}`)
    const whole = Math.floor(V / block)
    const parts: Tensor[] = []
    if (whole > 0) parts.push(sum(reshape(narrow(weights_R_V, 1, 0, whole * block), [R, whole, block]), [2]))
    if (V > whole * block) parts.push(sum(narrow(weights_R_V, 1, whole * block, V - whole * block), [1], true))
    return parts.length === 1 ? parts[0] : cat(parts, 1)
  }

  dispose(): void {
    this.#within_1_B.dispose()
  }
}

/** Per row, the first index whose cumulative sum lies beyond the target, at most the last one that adds anything. */
function firstBeyond(cumulative_R_N: Tensor, target_R_1: Tensor, total_R_1: Tensor): Tensor {
  const reached = sum(le(cumulative_R_N, target_R_1), [1], true)
  const last = sum(lt(cumulative_R_N, total_R_1), [1], true)
  return minimum(reached, last)
}
