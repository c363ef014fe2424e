/**
 * LibTorch's variable-length flash attention (Dao, 2023, arXiv 2307.08691): sequences lie one after the other without
 * padding, no mask exists, and query heads share key heads without repeating them. CUDA only, half precision only.
 */
import { callFirst, operator } from './dispatch.js'
import type { Tensor } from './tensor.js'

/**
 * Its schema in LibTorch 2.15. That of 2.11 ends before block_table: two slots are then not read, and hold no more than
 * the 0 of an absent argument.
 */
export const flashOperator = operator(
  '_flash_attention_forward',
  '',
  [
    ...(['T', 'T', 'T', 'T?', 'T?', 'i', 'i', 'f', 'b', 'b', 'f?'] as const),
    // window_size_left, window_size_right, seqused_k, alibi_slopes, block_table, num_splits
    ...(['none', 'none', 'none', 'none', 'none', 'none'] as const),
  ],
  'TTTTT',
)

/** Where each of n sequences begins among the rows, and all end: n + 1 rising int32 numbers on the rows' device. */
export interface SequenceStarts {
  starts: Tensor
  /** Rows of the longest. */
  longest: number
}

/**
 * softmax(q k^T scale) v per sequence: q [T, H, D], k and v [S, KV, D] to [T, H, D]. A sequence's last query sees all of its
 * keys, the one before it all but the last, and so on. Recorded by autograd.
 */
export const flashAttention = (
  q_T_H_D: Tensor,
  k_S_KV_D: Tensor,
  v_S_KV_D: Tensor,
  { queries, keys, scale }: { queries: SequenceStarts; keys: SequenceStarts; scale: number },
): Tensor =>
  callFirst(
    flashOperator,
    q_T_H_D,
    k_S_KV_D,
    v_S_KV_D,
    queries.starts,
    keys.starts,
    // For single queries the kernel would fold the heads that share a key, a form that is for decoding alone.
    Math.max(2, queries.longest),
    keys.longest,
    0,
    true,
    false,
    scale,
  )
