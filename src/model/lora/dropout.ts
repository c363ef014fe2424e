/**
 * Dropout whose mask is a function of what is masked, not of when: the element of row t and column c is dropped where
 *
 *     h_t c_c mod 2^64 < p 2^64        (multiply-shift hashing: Dietzfelbinger et al., 1997)
 *
 * with odd 64-bit numbers from Philox, h keyed by (seed, update, sequence, position) and c by (seed, layer). So the
 * micro-batches do not matter, a resumed run draws the same masks, and a forward pass that is computed again too.
 */
import { philox4x32 } from '../../base/philox.js'
import { fromData, full, keep, lt, mul, reshape, scope, type Tensor, where, zeros } from '../../torch/index.js'

/** A token's place in an update, the same however the update is cut into micro-batches. */
export interface DropoutRow {
  group: number
  /** 0 for the prompt; completions count from 1. */
  sequence: number
  position: number
}

const columnStream = 0x64726f70
const rowStream = 0x726f7773

const odd64 = (high: number, low: number): bigint => BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low) | 1n)

export class DropoutMask {
  readonly #rate: number
  readonly #columns_I: Tensor
  readonly #threshold: Tensor
  #rows_T_1: Tensor | undefined

  /** `layer`: a number of its own for every site; `like` gives width and device. */
  constructor(rate: number, seed: number, layer: number, like: { width: number; device: Tensor['device'] }) {
    this.#rate = rate
    const columns = BigInt64Array.from({ length: like.width }, (_, column) => {
      const [high, low] = philox4x32([layer, column, 0, 0], [seed >>> 0, columnStream])
      return odd64(high, low)
    })
    const { device } = like
    this.#columns_I = keep(fromData(columns, [like.width], { dtype: 'int64', device }))
    const threshold = BigInt(Math.round(rate * 2 ** 53)) * 2n ** 11n - 2n ** 63n
    this.#threshold = keep(fromData(BigInt64Array.of(threshold), [], { dtype: 'int64', device }))
  }

  /** The rows of the passes to come ({@link dropoutRows}); the caller frees them. */
  set rows(rows_T_1: Tensor | undefined) {
    this.#rows_T_1 = rows_T_1
  }

  /** x / (1 - p) where it is kept, 0 where it is dropped. */
  apply(x_T_I: Tensor): Tensor {
    return scope(() => {
      const dropped = lt(mul(this.#rows_T_1!, this.#columns_I), this.#threshold)
      const { dtype, device } = x_T_I
      const options = { dtype, device }
      return mul(x_T_I, where(dropped, zeros([], options), full([], 1 / (1 - this.#rate), options)))
    })
  }

  dispose(): void {
    this.#columns_I.dispose()
    this.#threshold.dispose()
  }
}

/** h of every row, int64 [T, 1]. */
export function dropoutRows(
  rows: readonly DropoutRow[],
  seed: number,
  update: number,
  device: Tensor['device'],
): Tensor {
  const keys = BigInt64Array.from(rows, ({ group, sequence, position }) => {
    const [high, low] = philox4x32([update, group, sequence, position], [seed >>> 0, rowStream])
    return odd64(high, low)
  })
  return scope(() => reshape(fromData(keys, [rows.length], { dtype: 'int64', device }), [rows.length, 1]))
}
