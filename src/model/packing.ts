/**
 * Groups of sequences packed into T rows: every prompt once, its completions as branches that see the prompt's keys.
 * The linear layers run on exactly these rows; only attention pads. Row order: all prompts, then all branches.
 */
import {
  attention,
  cat,
  type Device,
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
} from '../torch/index.js'
import type { Attend, Decoder } from './decoder.js'

export interface SequenceGroup {
  /** At least one token. */
  prompt: ArrayLike<number>
  /** Continuations of the prompt that do not see each other; may be empty, each of at least one token. */
  branches: ArrayLike<number>[]
}

/** Indices, positions and masks of one packed forward; free it with `dispose`. */
export class PackedBatch {
  readonly tokenCount: number
  readonly #groups: SequenceGroup[]
  readonly #promptStarts: number[] = []
  readonly #branchStarts: number[][] = []
  readonly #tensors: Tensor[] = []
  readonly #promptLength: number
  readonly #branchLength: number
  readonly #branchCount: number
  /** Row of every padded prompt and branch position; absent where nothing is padded. */
  readonly #promptIndex: Tensor | undefined
  readonly #branchIndex: Tensor | undefined
  /** Which prompt each branch continues; absent where there is one prompt. */
  readonly #promptOf: Tensor | undefined
  readonly #unpad: Tensor | undefined
  readonly #mask_N_1_L_S: Tensor | undefined
  readonly #foldedMasks = new Map<number, Tensor>()
  readonly tokens_T: Tensor
  readonly positions_T: Tensor
  readonly largestPosition: number

  constructor(groups: SequenceGroup[], device: Device) {
    this.#groups = groups
    const branches = groups.flatMap((group) => group.branches)
    const promptLengths = groups.map((group) => group.prompt.length)
    const branchLengths = branches.map((branch) => branch.length)
    const P = Math.max(...promptLengths)
    const L = Math.max(0, ...branchLengths)
    this.#promptLength = P
    this.#branchLength = L
    this.#branchCount = branches.length

    const tokens: number[] = []
    const positions: number[] = []
    const append = (sequence: ArrayLike<number>, from: number) => {
      const start = tokens.length
      for (let i = 0; i < sequence.length; i++) {
        tokens.push(sequence[i])
        positions.push(from + i)
      }
      return start
    }
    for (const group of groups) this.#promptStarts.push(append(group.prompt, 0))
    for (const group of groups) {
      this.#branchStarts.push(group.branches.map((branch) => append(branch, group.prompt.length)))
    }
    this.tokenCount = tokens.length
    this.largestPosition = positions.reduce((largest, position) => Math.max(largest, position), 0)
    const held = (tensor: Tensor) => {
      this.#tensors.push(tensor)
      return tensor
    }
    const indices = (values: number[]) => held(fromIndices(values, [values.length], device))
    this.tokens_T = indices(tokens)
    this.positions_T = indices(positions)

    const promptsPadded = promptLengths.some((length) => length !== P)
    const branchesPadded = branchLengths.some((length) => length !== L)
    if (promptsPadded) this.#promptIndex = indices(paddedRows(this.#promptStarts, promptLengths, P))
    if (branchesPadded) this.#branchIndex = indices(paddedRows(this.#branchStarts.flat(), branchLengths, L))
    if (promptsPadded || branchesPadded) {
      const rows: number[] = []
      promptLengths.forEach((length, g) => {
        for (let i = 0; i < length; i++) rows.push(g * P + i)
      })
      branchLengths.forEach((length, n) => {
        for (let i = 0; i < length; i++) rows.push(groups.length * P + n * L + i)
      })
      this.#unpad = indices(rows)
    }
    if (branches.length > 0) {
      if (groups.length > 1) this.#promptOf = indices(groups.flatMap((group, g) => group.branches.map(() => g)))
      const promptOfBranch = groups.flatMap((group) => group.branches.map(() => group.prompt.length))
      this.#mask_N_1_L_S = held(
        fromData(
          branchMask(promptsPadded ? promptOfBranch : [P], P, L),
          [promptsPadded ? branches.length : 1, 1, L, P + L],
          {
            device,
          },
        ),
      )
    }
  }

  /** Row of the group's first prompt token. */
  promptStart(group: number): number {
    return this.#promptStarts[group]
  }

  /** Row of the branch's first token. */
  branchStart(group: number, branch: number): number {
    return this.#branchStarts[group][branch]
  }

  /**
   * Rows whose hidden state predicts each of `count` tokens of a branch: the prompt's last row predicts the first,
   * the branch's own rows the following ones.
   */
  predictingRows(group: number, branch: number, count: number): number[] {
    const rows = [this.#promptStarts[group] + this.#groups[group].prompt.length - 1]
    for (let i = 1; i < count; i++) rows.push(this.#branchStarts[group][branch] + i - 1)
    return rows
  }

  /** hidden_T_d of all rows. */
  forward(
    model: Decoder,
    x_T_d: Tensor,
    capture?: (layer: number, keys_T_KV_D: Tensor, values_T_KV_D: Tensor) => void,
  ) {
    return scope(() => {
      const cis = model.rotations(this.positions_T, this.largestPosition)
      const attend = this.#attend(model)
      return model.hidden(x_T_d, cis, (layer, q, k, v) => {
        capture?.(layer, k, v)
        return attend(layer, q, k, v)
      })
    })
  }

  /** {@link forward} in pieces, each a function of the rows that the one before it gives: layers, then the final norm. */
  pieces(model: Decoder): ((x_T_d: Tensor) => Tensor)[] {
    const cis = model.rotations(this.positions_T, this.largestPosition)
    const attend = this.#attend(model)
    const layers = model.parameters.layers.map((_, index) => (x: Tensor) => model.layer(index, x, cis, attend))
    return [...layers, (x) => model.finish(x)]
  }

  dispose(): void {
    for (const tensor of this.#tensors) tensor.dispose()
    for (const tensor of this.#foldedMasks.values()) tensor.dispose()
  }

  #attend(model: Decoder): Attend {
    const { heads, kvHeads, headDim } = model.config
    const scale = 1 / Math.sqrt(headDim)
    const groupSize = heads / kvHeads
    const Ng = this.#groups.length
    const P = this.#promptLength
    const L = this.#branchLength
    const N = this.#branchCount
    const promptRows = this.#promptStarts.length === 0 ? 0 : this.#groups.reduce((n, g) => n + g.prompt.length, 0)
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
          mask: this.#foldedMask(groupSize, q),
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

  /** The branches' mask repeated for the folded query heads, in the queries' element type. */
  #foldedMask(groupSize: number, like: Tensor): Tensor {
    const known = this.#foldedMasks.get(groupSize)
    if (known) return known
    const [N, , L, S] = this.#mask_N_1_L_S!.shape
    const folded = scope(() => {
      const mask = reshape(expand(reshape(this.#mask_N_1_L_S!, [N, 1, 1, L, S]), [N, 1, groupSize, L, S]), [
        N,
        1,
        groupSize * L,
        S,
      ])
      return keep(toDtype(mask, like.dtype))
    })
    this.#foldedMasks.set(groupSize, folded)
    return folded
  }
}

/** Row of each padded position; padding repeats the sequence's first row, which later masks or drops ignore. */
function paddedRows(starts: number[], lengths: number[], padded: number): number[] {
  const rows: number[] = []
  starts.forEach((start, n) => {
    for (let i = 0; i < padded; i++) rows.push(i < lengths[n] ? start + i : start)
  })
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
