/**
 * The trunk's forward and backward pass over one micro-batch. Either all of it is recorded at once, or (activation
 * checkpointing, Chen et al., 2016, arXiv 1604.06174) only every layer's input is kept, and the backward pass computes
 * a layer once more before it goes through it: the same gradients for one more forward, with one layer's activations
 * in memory instead of all layers'.
 */
import { backward, detach, gradientOf, noGrad, requireGrad, scope, type Tensor, withGrad } from '../../torch/index.js'

/** One piece of the forward pass; the tensors it makes belong to the caller's scope. */
export type Piece = (x_T_d: Tensor) => Tensor

export interface Tape {
  /** What the last piece gives. */
  output: Tensor
  /**
   * Adds to the gradients of `leaves`; returns d loss / dx where `x` wants one. `onPass` is told of every backward pass
   * that has ended: of each piece, or of all at once.
   */
  backward(dOutput: Tensor, leaves: readonly Tensor[], onPass: () => void): Tensor | undefined
}

export interface TapeInput {
  x_T_d: Tensor
  /** Whether the gradient reaches further than the pieces' parameters. */
  wantsGradient: boolean
}

/** Records every operator of the pieces. */
export function recordWhole(pieces: readonly Piece[], { x_T_d, wantsGradient }: TapeInput): Tape {
  const input = wantsGradient ? requireGrad(x_T_d) : x_T_d
  const output = withGrad(() => scope(() => pieces.reduce((x, piece) => piece(x), input)))
  return {
    output,
    backward(dOutput, leaves, onPass) {
      backward(output, wantsGradient ? [...leaves, input] : leaves, dOutput)
      onPass()
      return wantsGradient ? gradientOf(input) : undefined
    },
  }
}

/** Keeps what goes into each piece, and records a piece when the backward pass comes to it. */
export function recordByPiece(pieces: readonly Piece[], { x_T_d, wantsGradient }: TapeInput): Tape {
  const inputs = [x_T_d]
  noGrad(() => {
    for (const piece of pieces.slice(0, -1)) inputs.push(scope(() => piece(inputs[inputs.length - 1])))
  })
  const last = recordWhole([pieces[pieces.length - 1]], {
    x_T_d: detach(inputs[inputs.length - 1]),
    wantsGradient: inputs.length > 1 || wantsGradient,
  })
  return {
    output: last.output,
    backward(dOutput, leaves, onPass) {
      let d = last.backward(dOutput, leaves, onPass)
      for (let index = pieces.length - 2; index >= 0; index--) {
        const above = d!
        d = scope(() => {
          const again = recordWhole([pieces[index]], {
            x_T_d: detach(inputs[index]),
            wantsGradient: index > 0 || wantsGradient,
          })
          return again.backward(above, leaves, onPass)
        })
        above.dispose()
        if (index > 0) inputs[index].dispose()
      }
      return d
    },
  }
}
