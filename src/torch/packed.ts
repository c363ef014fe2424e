/**
 * Weights in oneDNN's own layout. A product of a few rows with a large weight waits for memory: LibTorch's usual kernel
 * (MKL) reads a cold weight at a tenth of what the memory gives, oneDNN's on a packed copy about twice as fast. The
 * copy is opaque, costs the weight's memory once more, and does not follow the weight: whoever packs unpacks before
 * the weight changes.
 */
import { alive, call, direct, type Operator } from './dispatch.js'
import { native } from './engine.js'
import { TorchError } from './errors.js'
import { keep, scope } from './scope.js'
import { Tensor, zeros } from './tensor.js'

const reorder: Operator = {
  name: 'mkldnn::_reorder_linear_weight',
  overload: '',
  kinds: ['T', 'i?'],
  results: 'T',
}

let available: boolean | undefined

/** Whether this LibTorch can multiply by packed weights (x86 and ARM builds on Linux and Windows; not macOS). */
export function canPack(): boolean {
  available ??= native().packedLinear !== undefined && hasOperator()
  return available
}

/** An opaque copy of a float32 weight_O_I on the CPU, kept until it is disposed of. */
export const packWeight = (weight_O_I: Tensor): Tensor => keep(call(reorder, weight_O_I, undefined))

/** x_N_I W_O_I^T (+ b_O) with a packed weight; float32 on the CPU, not recorded by autograd. */
export const packedLinear = (x_N_I: Tensor, packed: Tensor, bias_O?: Tensor): Tensor =>
  direct(
    'mkldnn::_linear_pointwise',
    [x_N_I],
    () => new Tensor(native().packedLinear!(alive(x_N_I), alive(packed), bias_O && alive(bias_O))),
  )

/** A build without oneDNN may have the symbol and refuse the call. */
function hasOperator(): boolean {
  try {
    scope(() => call(reorder, zeros([16, 16]), undefined))
    return true
  } catch (error) {
    if (error instanceof TorchError) return false
    throw error
  }
}
