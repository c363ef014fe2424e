/** Attention over packed rows by padding them: prompts and branches to the longest of their kind, branches under a mask. */
import {
  attention,
  cat,
  type Device,
  type Dtype,
  dtypes,
  expand,
  fromData,
  fromIndices,
  indexSelect,
  keep,
  narrow,
  permute,
  reshape,
  scope,
  type Tensor,
  toDtype,
  transpose,
} from '../../torch/index.js'
import type { Attend } from '../decoder.js'
import type { AttentionHeads, PackedAttention, PackShape } from './packed.js'

/**
 * Bytes of the masks of one branch over `keys` keys, the prompt's and its own: in float32, and folded for the query heads
 * that share a key head, which is kept in float32 and in the queries' element type if that is another.
 */
export function maskBytes(
  { heads, kvHeads }: Pick<AttentionHeads, 'heads' | 'kvHeads'>,
  { branch, keys, dtype }: { branch: number; keys: number; dtype: Dtype },
): number {
  const float32 = dtypes.float32.bytes
  const folded = float32 + (dtype === 'float32' ? 0 : dtypes[dtype].bytes)
  return branch * keys * (float32 + (heads / kvHeads) * folded)
}

export class PaddedAttention implements PackedAttention {
  readonly #shape: PackShape
  readonly #tensors: Tensor[] = []
  readonly #promptLength: number
  readonly #branchLength: number
  /** Row of every padded prompt and branch position; absent where nothing is padded. */
  readonly #promptIndex: Tensor | undefined
  readonly #branchIndex: Tensor | undefined
  /** Which prompt each branch continues; absent where there is one prompt. */
  readonly #promptOf: Tensor | undefined
  readonly #unpad: Tensor | undefined
  readonly #mask_N_1_L_S: Tensor | undefined
  #foldedMask: Tensor | undefined

  constructor(shape: PackShape, device: Device) {
    this.#shape = shape
    const { promptLengths, branches } = shape
    const branchLengths = branches.map(({ length }) => length)
    const P = Math.max(...promptLengths)
    const L = Math.max(0, ...branchLengths)
    this.#promptLength = P
    this.#branchLength = L
    const indices = (values: number[]) => this.#held(fromIndices(values, [values.length], device))

    const promptsPadded = promptLengths.some((length) => length !== P)
    const branchesPadded = branchLengths.some((length) => length !== L)
    const promptRows = promptLengths.reduce((total, length) => total + length, 0)
    if (promptsPadded) this.#promptIndex = indices(paddedRows(0, promptLengths, P))
    if (branchesPadded) this.#branchIndex = indices(paddedRows(promptRows, branchLengths, L))
    if (promptsPadded || branchesPadded) {
      const rows: number[] = []
      promptLengths.forEach((length, g) => {
        for (let i = 0; i < length; i++) rows.push(g * P + i)
      })
      branchLengths.forEach((length, n) => {
        for (let i = 0; i < length; i++) rows.push(promptLengths.length * P + n * L + i)
      })
      this.#unpad = indices(rows)
    }
    if (branches.length > 0) {
      if (promptLengths.length > 1) this.#promptOf = indices(branches.map(({ prompt }) => prompt))
      const promptOfBranch = branches.map(({ prompt }) => promptLengths[prompt])
      const mask = branchMask(promptsPadded ? promptOfBranch : [P], P, L)
      this.#mask_N_1_L_S = this.#held(
        fromData(mask, [promptsPadded ? branches.length : 1, 1, L, P + L], {
          device,
        }),
      )
    }
  }

  attend({ heads, kvHeads, headDim }: AttentionHeads): Attend {
    const { promptLengths, branches } = this.#shape
    const scale = 1 / Math.sqrt(headDim)
    const groupSize = heads / kvHeads
    const Ng = promptLengths.length
    const P = this.#promptLength
    const L = this.#branchLength
    const N = branches.length
    const promptRows = promptLengths.reduce((total, length) => total + length, 0)
    const pad = (x_T_n_D: Tensor, index: Tensor | undefined, first: number, count: number) =>
      index ? indexSelect(x_T_n_D, 0, index) : narrow(x_T_n_D, 0, first, count)

    return (_layer, q_T_H_D, k_T_KV_D, v_T_KV_D) =>
      scope(() => {
        const asHeads = (x: Tensor, n: number) =>
          transpose(reshape(pad(x, this.#promptIndex, 0, Ng * P), [Ng, P, n, headDim]), 1, 2)
        const kPrompt = asHeads(k_T_KV_D, kvHeads)
        const vPrompt = asHeads(v_T_KV_D, kvHeads)
        const fromPrompt = attention(asHeads(q_T_H_D, heads), kPrompt, vPrompt, {
          causal: true,
          scale,
          groupedQueries: groupSize > 1,
        })
        const promptOut = reshape(transpose(fromPrompt, 1, 2), [Ng * P, heads * headDim])
        if (N === 0) return this.#unpad ? indexSelect(promptOut, 0, this.#unpad) : promptOut

        const ofBranches = (x: Tensor) => pad(x, this.#branchIndex, promptRows, N * L)
        // Query heads that share a key head are folded into the query length: keys are never repeated.
        const q = reshape(permute(reshape(ofBranches(q_T_H_D), [N, L, kvHeads, groupSize, headDim]), [0, 2, 3, 1, 4]), [
          N,
          kvHeads,
          groupSize * L,
          headDim,
        ])
        const withPrompt = (x_T_KV_D: Tensor, prompt_Ng_KV_P_D: Tensor) => {
          const own = transpose(reshape(ofBranches(x_T_KV_D), [N, L, kvHeads, headDim]), 1, 2)
          const shared = this.#promptOf
            ? indexSelect(prompt_Ng_KV_P_D, 0, this.#promptOf)
            : expand(prompt_Ng_KV_P_D, [N, kvHeads, P, headDim])
          return cat([shared, own], 2)
        }
        const mixed = attention(q, withPrompt(k_T_KV_D, kPrompt), withPrompt(v_T_KV_D, vPrompt), {
          mask: this.#folded(groupSize, q),
          scale,
        })
        const branchOut = reshape(permute(reshape(mixed, [N, kvHeads, groupSize, L, headDim]), [0, 3, 1, 2, 4]), [
          N * L,
          heads * headDim,
        ])
        const all = cat([promptOut, branchOut], 0)
        return this.#unpad ? indexSelect(all, 0, this.#unpad) : all
      })
  }

  dispose(): void {
    for (const tensor of this.#tensors) tensor.dispose()
  }

  #held(tensor: Tensor): Tensor {
    this.#tensors.push(keep(tensor))
    return tensor
  }

  /** The branches' mask repeated for the folded query heads, in the queries' element type. */
  #folded(groupSize: number, like: Tensor): Tensor {
    const [N, , L, S] = this.#mask_N_1_L_S!.shape
    this.#foldedMask ??= scope(() => {
      const mask = reshape(expand(reshape(this.#mask_N_1_L_S!, [N, 1, 1, L, S]), [N, 1, groupSize, L, S]), [
        N,
        1,
        groupSize * L,
        S,
      ])
      return this.#held(toDtype(mask, like.dtype))
    })
    return this.#foldedMask
  }
}

/** Row of each padded position, the first sequence's at `first`; padding repeats a sequence's first row, which masks ignore. */
function paddedRows(first: number, lengths: number[], padded: number): number[] {
  const rows: number[] = []
  let start = first
  for (const length of lengths) {
    for (let i = 0; i < padded; i++) rows.push(i < length ? start + i : start)
    start += length
  }
  return rows
}

/** 0 where a branch token sees a key, -Infinity elsewhere: the prompt's own columns, then its own past. */
function branchMask(promptLengths: number[], P: number, L: number): Float32Array<ArrayBuffer> {
  const S = P + L
  const mask = new Float32Array(promptLengths.length * L * S).fill(-Infinity)
  promptLengths.forEach((promptLength, n) => {
    for (let i = 0; i < L; i++) {
      const row = (n * L + i) * S
      mask.fill(0, row, row + promptLength)
      mask.fill(0, row + P, row + P + i + 1)
    }
  })
  return mask
}
