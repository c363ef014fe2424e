/**
 * Groups of sequences packed into T rows: every prompt once, its completions as branches that see the prompt's keys.
 * The linear layers run on exactly these rows; only attention may pad. Row order: all prompts, then all branches.
 */
import { type Device, flashAttention, fromIndices, scope, type Tensor } from '../torch/index.js'
import { chooseAttention } from './attention/choice.js'
import type { PackedAttention, PackShape } from './attention/packed.js'
import { PaddedAttention } from './attention/padded.js'
import { VarlenAttention } from './attention/varlen.js'
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
  readonly #device: Device
  readonly #shape: PackShape
  #attention: PackedAttention | undefined
  readonly tokens_T: Tensor
  readonly positions_T: Tensor
  readonly largestPosition: number

  constructor(groups: SequenceGroup[], device: Device) {
    this.#groups = groups
    this.#device = device
    this.#shape = {
      promptLengths: groups.map((group) => group.prompt.length),
      branches: groups.flatMap((group, prompt) => group.branches.map(({ length }) => ({ prompt, length }))),
    }
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
    this.tokens_T = fromIndices(tokens, undefined, device)
    this.positions_T = fromIndices(positions, undefined, device)
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
    this.tokens_T.dispose()
    this.positions_T.dispose()
    this.#attention?.dispose()
    this.#attention = undefined
  }

  #attend(model: Decoder): Attend {
    this.#attention ??=
      chooseAttention(model).kind === 'varlen'
        ? new VarlenAttention(this.#shape, this.#device, flashAttention)
        : new PaddedAttention(this.#shape, this.#device)
    return this.#attention.attend(model.config)
  }
}
