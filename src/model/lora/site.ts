/**
 * LoRA (Hu et al., 2021, arXiv 2106.09685) on one of the decoder's fused weights:
 *
 *     y = W x + s_m B_m A_m x   in the rows of each module m (query, key, value; gate, up; ...)
 *
 * The modules of one weight share their input, so their A are stacked: one product gives all their z = A x, and each B
 * takes its own columns of it. Rows of B lie in the order of W's rows (parameters.ts).
 */
import {
  add,
  addmm_,
  cat,
  gradEnabled,
  linear,
  mul,
  narrow,
  scope,
  type Tensor,
  toDtype,
  transpose,
  zeros,
} from '../../torch/index.js'
import type { Parameter } from '../parameters.js'
import type { LinearAdapter } from '../projection.js'
import type { DropoutMask } from './dropout.js'

/** One module's share of a fused weight. */
export interface LoraBlock {
  b: Parameter
  scale: number
  /** Columns of z, rows of A. */
  rankStart: number
  rank: number
  /** Rows of the weight. */
  start: number
  rows: number
}

export class LoraSite implements LinearAdapter {
  /** [all ranks, in]. */
  readonly a: Parameter
  readonly blocks: readonly LoraBlock[]
  readonly #rows: number
  /** While it is set, the input of A passes through dropout. */
  dropout: DropoutMask | undefined

  /** `rows`: those of the weight. Blocks come in the order of their rows. */
  constructor(a: Parameter, blocks: readonly LoraBlock[], rows: number) {
    this.a = a
    this.blocks = blocks
    this.#rows = rows
  }

  apply(x_T_I: Tensor, y_T_O: Tensor): Tensor {
    return scope(() => {
      const { dtype } = x_T_I
      // The factors are float32 beside weights of half precision; they are small, and cast for each product.
      const cast = ({ value }: Parameter) => (value.dtype === dtype ? value : toDtype(value, dtype))
      const z_T_R = linear(this.dropout ? this.dropout.apply(x_T_I) : x_T_I, cast(this.a))
      const part = ({ rankStart, rank }: LoraBlock) => narrow(z_T_R, 1, rankStart, rank)
      if (!gradEnabled()) {
        for (const block of this.blocks) {
          const target = narrow(y_T_O, 1, block.start, block.rows)
          addmm_(target, part(block), transpose(cast(block.b), 0, 1), 1, block.scale)
        }
        return y_T_O
      }
      const [T] = y_T_O.shape
      const pieces: Tensor[] = []
      const gap = (rows: number) => rows > 0 && pieces.push(zeros([T, rows], { dtype, device: y_T_O.device }))
      let row = 0
      for (const block of this.blocks) {
        gap(block.start - row)
        pieces.push(linear(mul(part(block), block.scale), cast(block.b)))
        row = block.start + block.rows
      }
      gap(this.#rows - row)
      return add(y_T_O, pieces.length === 1 ? pieces[0] : cat(pieces, 1))
    })
  }
}
