/**
 * Keys and values of the rows being decoded. One clock for all rows: every row's newest entry lies in the same column,
 * its oldest as many columns to the left as it is long, so a step writes one column and reads one window, whatever the
 * rows' lengths. Rotations are applied before storing, so a column number means nothing but its age.
 */
import {
  attention,
  copyInto,
  type Device,
  type Dtype,
  fromData,
  fromIndices,
  indexSelect,
  keep,
  narrow,
  noGrad,
  permute,
  reshape,
  scope,
  type Tensor,
  toDtype,
  zeros,
} from '../torch/index.js'
import type { Attend } from './decoder.js'
import { attentionWidths } from './layout.js'
import type { DecoderConfig } from './types.js'

interface LayerCache {
  /** [B, KV, C, D]. */
  keys: Tensor
  values: Tensor
}

/** Keys and values of one prompt, per layer [P, KV, D]. */
export interface PromptCache {
  length: number
  layers: LayerCache[]
}

/** Columns at the start: those of a whole batch of short completions. */
const firstCapacity = (longestPrompt: number, newTokens: number): number =>
  longestPrompt + Math.max(1, Math.min(newTokens, 256))

/**
 * Columns that are never passed: room for the longest row, and as much beside it that the clock runs through an eighth of
 * it before the cache has to be moved again, which costs about two decoding steps.
 */
const largestCapacity = (longestPrompt: number, newTokens: number): number =>
  Math.ceil((longestPrompt + newTokens) * 1.125) + 64

/**
 * Columns that a cache comes to when a row of that many new tokens ends: what memory has to hold. Where rows make room
 * for others (`refilled`), the clock goes on beyond the longest row.
 */
export function cacheCapacity(longestPrompt: number, newTokens: number, refilled: boolean): number {
  const largest = largestCapacity(longestPrompt, newTokens)
  if (refilled) return largest
  let capacity = firstCapacity(longestPrompt, newTokens)
  while (capacity < longestPrompt + newTokens) capacity = grownCapacity(capacity, largest)
  return capacity
}

const grownCapacity = (capacity: number, largest: number): number =>
  Math.max(capacity, Math.min(Math.ceil(capacity * 1.5) + 16, largest))

/** Numbers that a cache keeps of one token: its key and its value in every layer. */
export const cachedNumbers = (shape: Pick<DecoderConfig, 'layers' | 'heads' | 'kvHeads' | 'headDim'>): number =>
  shape.layers * 2 * attentionWidths(shape).keys

export class KeyValueCache {
  readonly #config: DecoderConfig
  readonly #device: Device
  readonly #dtype: Dtype
  #layers: LayerCache[] = []
  /** The clock never lies before it: a prompt's entries are written to the left of the clock. */
  readonly #longestPrompt: number
  #rows: number
  #capacity: number
  readonly #largestCapacity: number
  /** The column after the newest entries. */
  #clock: number
  /** Entries per row; 0 = the row is idle. */
  #lengths: number[]

  /** `longestPrompt`: no prompt that is put in later may be longer. `newTokens`: of a row at most. */
  constructor(
    config: DecoderConfig,
    device: Device,
    dtype: Dtype,
    rows: number,
    longestPrompt: number,
    newTokens: number,
  ) {
    this.#config = config
    this.#device = device
    this.#dtype = dtype
    this.#rows = rows
    this.#longestPrompt = longestPrompt
    this.#clock = longestPrompt
    this.#capacity = firstCapacity(longestPrompt, newTokens)
    this.#largestCapacity = largestCapacity(longestPrompt, newTokens)
    this.#lengths = new Array(rows).fill(0)
    this.#layers = Array.from({ length: config.layers }, () => this.#newLayer(rows, this.#capacity))
  }

  get rows(): number {
    return this.#rows
  }

  length(row: number): number {
    return this.#lengths[row]
  }

  /** Puts a prompt's entries into an idle row. */
  admit(row: number, prompt: PromptCache): void {
    const { length, layers } = prompt
    noGrad(() => {
      for (const [index, layer] of this.#layers.entries()) {
        scope(() => {
          for (const part of ['keys', 'values'] as const) {
            const target = narrow(narrow(layer[part], 0, row, 1), 2, this.#clock - length, length)
            copyInto(target, reshape(permute(layers[index][part], [1, 0, 2]), [1, ...this.#entryShape(length)]))
          }
        })
      }
    })
    this.#lengths[row] = length
  }

  release(row: number): void {
    this.#lengths[row] = 0
  }

  /** Keeps only these rows, in this order. */
  retain(rows: number[]): void {
    const lengths = rows.map((row) => this.#lengths[row])
    this.#rebuild(this.#window(lengths), this.#capacity, rows)
    this.#lengths = lengths
    this.#rows = rows.length
  }

  /** The attention of one decoding step: one new entry per row. Call {@link advance} after all layers. */
  attend(): Attend {
    const { heads, kvHeads, headDim } = this.#config
    const groupSize = heads / kvHeads
    const scale = 1 / Math.sqrt(headDim)
    if (this.#clock === this.#capacity) this.#makeRoom()
    const B = this.#rows
    const lengths = this.#lengths.map((length) => length + 1)
    const window = Math.max(...lengths)
    const start = this.#clock + 1 - window
    const mask = this.#mask(lengths, window)
    return (index, q_B_H_D, k_B_KV_D, v_B_KV_D) =>
      scope(() => {
        const { keys, values } = this.#layers[index]
        copyInto(narrow(keys, 2, this.#clock, 1), reshape(k_B_KV_D, [B, kvHeads, 1, headDim]))
        copyInto(narrow(values, 2, this.#clock, 1), reshape(v_B_KV_D, [B, kvHeads, 1, headDim]))
        // Query heads that share a key head are the "query positions" of one attention over that head.
        const q = reshape(q_B_H_D, [B, kvHeads, groupSize, headDim])
        const mixed = attention(q, narrow(keys, 2, start, window), narrow(values, 2, start, window), { mask, scale })
        return reshape(mixed, [B, heads * headDim])
      })
  }

  /** Counts the step's entries; idle rows stay idle. */
  advance(): void {
    this.#clock++
    this.#lengths = this.#lengths.map((length) => (length > 0 ? length + 1 : 0))
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) {
      keys.dispose()
      values.dispose()
    }
    this.#layers = []
  }

  #entryShape(length: number): number[] {
    return [this.#config.kvHeads, length, this.#config.headDim]
  }

  #newLayer(rows: number, capacity: number): LayerCache {
    // Zeros, not whatever the memory held: a masked entry still is multiplied, and 0 * NaN is NaN.
    const make = () => keep(zeros([rows, ...this.#entryShape(capacity)], { device: this.#device, dtype: this.#dtype }))
    return { keys: make(), values: make() }
  }

  /** Entries older than the longest row are forgotten; where that is not enough the cache grows. */
  #makeRoom(): void {
    const window = this.#window(this.#lengths)
    const capacity = window * 2 > this.#capacity ? grownCapacity(this.#capacity, this.#largestCapacity) : this.#capacity
    this.#rebuild(window, capacity)
  }

  /** Columns that a rebuilt cache keeps. */
  #window(lengths: number[]): number {
    return Math.max(1, this.#longestPrompt, ...lengths)
  }

  #rebuild(window: number, capacity: number, rows?: number[]): void {
    const start = this.#clock - window
    noGrad(() =>
      scope(() => {
        const index = rows && fromIndices(rows, [rows.length], this.#device)
        this.#layers = this.#layers.map((old) => {
          const layer = this.#newLayer(rows?.length ?? this.#rows, capacity)
          scope(() => {
            for (const part of ['keys', 'values'] as const) {
              const kept = narrow(old[part], 2, start, window)
              copyInto(narrow(layer[part], 2, 0, window), index ? indexSelect(kept, 0, index) : kept)
              old[part].dispose()
            }
          })
          return layer
        })
      }),
    )
    this.#capacity = capacity
    this.#clock = window
  }

  /** Additive mask [B, 1, 1, W]; none where all rows fill the window. Idle rows see their newest entry only. */
  #mask(lengths: number[], window: number): Tensor | undefined {
    if (lengths.every((length) => length === window)) return undefined
    const mask = new Float32Array(lengths.length * window)
    lengths.forEach((length, row) => {
      mask.fill(-Infinity, row * window, (row + 1) * window - length)
    })
    const tensor = fromData(mask, [lengths.length, 1, 1, window], { device: this.#device })
    return this.#dtype === 'float32' ? tensor : toDtype(tensor, this.#dtype)
  }
}
