/**
 * Attention over packed rows without padding and without a mask: every prompt and every branch is a sequence of its own
 * length. The queries are the rows as they lie; a branch's keys are its prompt's rows and its own, gathered.
 */
import {
  type Device,
  fromData,
  fromIndices,
  indexSelect,
  keep,
  reshape,
  type SequenceStarts,
  scope,
  type Tensor,
} from '../../torch/index.js'
import type { Attend } from '../decoder.js'
import type { AttentionHeads, PackedAttention, PackShape } from './packed.js'

/** Sequences one after the other; a sequence's last query sees all of its keys, the one before it all but the last. */
export interface VarlenLayout {
  /** Of each sequence's queries and keys, and the end of the last. */
  queryStarts: number[]
  keyStarts: number[]
  /** The packed row that each key is; absent where every row is one key, in order. */
  keyRows?: number[]
}

export function varlenLayout({ promptLengths, branches }: PackShape): VarlenLayout {
  const promptStarts = startsOf(promptLengths)
  const queryStarts = startsOf([...promptLengths, ...branches.map(({ length }) => length)])
  if (branches.length === 0) return { queryStarts, keyStarts: queryStarts }
  const keyLengths = [...promptLengths, ...branches.map(({ prompt, length }) => promptLengths[prompt] + length)]
  const keyRows: number[] = []
  const append = (start: number, length: number) => {
    for (let i = 0; i < length; i++) keyRows.push(start + i)
  }
  append(0, promptStarts[promptLengths.length])
  branches.forEach(({ prompt, length }, n) => {
    append(promptStarts[prompt], promptLengths[prompt])
    append(queryStarts[promptLengths.length + n], length)
  })
  return { queryStarts, keyStarts: startsOf(keyLengths), keyRows }
}

/** Sequences' starts on the host as well, for those who look at them. */
export interface VarlenSequences extends SequenceStarts {
  hostStarts: readonly number[]
}

/** q [T, H, D], k and v [S, KV, D] to [T, H, D]: {@link flashAttention}, or a test's. */
export type VarlenKernel = (
  q_T_H_D: Tensor,
  k_S_KV_D: Tensor,
  v_S_KV_D: Tensor,
  sequences: { queries: VarlenSequences; keys: VarlenSequences; scale: number },
) => Tensor

export class VarlenAttention implements PackedAttention {
  readonly #kernel: VarlenKernel
  readonly #queries: VarlenSequences
  readonly #keys: VarlenSequences
  readonly #keyRows: Tensor | undefined

  constructor(shape: PackShape, device: Device, kernel: VarlenKernel) {
    this.#kernel = kernel
    const { queryStarts, keyStarts, keyRows } = varlenLayout(shape)
    this.#queries = sequences(queryStarts, device)
    this.#keys = sequences(keyStarts, device)
    this.#keyRows = keyRows && keep(fromIndices(keyRows, undefined, device))
  }

  attend({ heads, headDim }: AttentionHeads): Attend {
    const [queries, keys, scale] = [this.#queries, this.#keys, 1 / Math.sqrt(headDim)]
    const gathered = (x_T_KV_D: Tensor) => (this.#keyRows ? indexSelect(x_T_KV_D, 0, this.#keyRows) : x_T_KV_D)
    return (_layer, q_T_H_D, k_T_KV_D, v_T_KV_D) =>
      scope(() => {
        const mixed_T_H_D = this.#kernel(q_T_H_D, gathered(k_T_KV_D), gathered(v_T_KV_D), { queries, keys, scale })
        return reshape(mixed_T_H_D, [q_T_H_D.shape[0], heads * headDim])
      })
  }

  dispose(): void {
    for (const { starts } of [this.#queries, this.#keys]) starts.dispose()
    this.#keyRows?.dispose()
  }
}

function sequences(hostStarts: readonly number[], device: Device): VarlenSequences {
  const lengths = hostStarts.slice(1).map((end, n) => end - hostStarts[n])
  const starts = keep(fromData(Int32Array.from(hostStarts), [hostStarts.length], { dtype: 'int32', device }))
  return { starts, longest: lengths.reduce((a, b) => Math.max(a, b), 0), hostStarts }
}

function startsOf(lengths: readonly number[]): number[] {
  const starts = [0]
  for (const length of lengths) starts.push(starts[starts.length - 1] + length)
  return starts
}
