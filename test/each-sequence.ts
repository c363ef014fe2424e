/** Attention of variable lengths as it is defined: one attention after the other. For comparisons, on any device. */
import type { VarlenKernel } from '../src/model/attention/varlen.js'
import {
  attention,
  cat,
  fromData,
  fromIndices,
  indexSelect,
  narrow,
  reshape,
  type Tensor,
  toDtype,
  transpose,
} from '../src/torch/index.js'

/** A {@link VarlenKernel}; `sees`: whether query i of Q sees key j of K. */
export const eachSequence =
  (sees = (i: number, j: number, Q: number, K: number) => j <= i + K - Q): VarlenKernel =>
  (q_T_H_D, k_S_KV_D, v_S_KV_D, { queries, keys, scale }) => {
    const [, H] = q_T_H_D.shape
    const [, KV] = k_S_KV_D.shape
    const { device, dtype } = q_T_H_D
    const keyHeadOf = fromIndices(
      Array.from({ length: H }, (_, h) => Math.floor(h / (H / KV))),
      undefined,
      device,
    )
    const parts = queries.hostStarts.slice(0, -1).map((start, n) => {
      const Q = queries.hostStarts[n + 1] - start
      const K = keys.hostStarts[n + 1] - keys.hostStarts[n]
      /** [1, H, rows, D]. */
      const heads = (x_T_n_D: Tensor, from: number, count: number) => {
        const rows = narrow(x_T_n_D, 0, from, count)
        const repeated = x_T_n_D === q_T_H_D ? rows : indexSelect(rows, 1, keyHeadOf)
        return transpose(reshape(repeated, [1, ...repeated.shape]), 1, 2)
      }
      const mask = Float32Array.from({ length: Q * K }, (_, at) =>
        sees(Math.floor(at / K), at % K, Q, K) ? 0 : Number.NEGATIVE_INFINITY,
      )
      const mixed = attention(
        heads(q_T_H_D, start, Q),
        heads(k_S_KV_D, keys.hostStarts[n], K),
        heads(v_S_KV_D, keys.hostStarts[n], K),
        {
          mask: toDtype(fromData(mask, [1, 1, Q, K], { device }), dtype),
          scale,
        },
      )
      return reshape(transpose(mixed, 1, 2), [Q, ...q_T_H_D.shape.slice(1)])
    })
    return cat(parts, 0)
  }
