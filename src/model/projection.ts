/** The product of rows with a weight: the one place through which every linear layer of the decoder goes. */
import { linear, packedLinear, type Tensor } from '../torch/index.js'
import type { Parameter } from './parameters.js'

/** What is added to a linear layer's output beside the weight's own product (lora.ts). */
export interface LinearAdapter {
  /** The layer's output with the adapter's share; `y_T_O` is the caller's to give away: it may be changed in place. */
  apply(x_T_I: Tensor, y_T_O: Tensor): Tensor
}

/** x_T_I W_O_I^T (+ b_O), and what an adapter adds. */
export function project(x_T_I: Tensor, weight: Parameter, bias?: Parameter): Tensor {
  const y_T_O = weight.packed
    ? packedLinear(x_T_I, weight.packed, bias?.value)
    : linear(x_T_I, weight.value, bias?.value)
  return weight.adapter ? weight.adapter.apply(x_T_I, y_T_O) : y_T_O
}
