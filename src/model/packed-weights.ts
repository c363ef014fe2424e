/**
 * A decoder's linear layers on packed weights while many tokens are sampled: decoding multiplies a few rows by every
 * weight again and again, and is half as long on oneDNN's layout (torch/packed.ts). Packing costs about as much as
 * eight decoding steps and, for its duration, the linear layers' memory once more.
 */
import { freeHostMemory } from '../torch/host-memory.js'
import { canPack, packWeight, scope } from '../torch/index.js'
import type { Decoder } from './decoder.js'
import { linearKeys } from './layout.js'
import type { Parameter } from './parameters.js'

/** Below this a model lives in the processor's cache, where the usual kernels are as fast. */
const smallestModel = 64 * 2 ** 20
/** Steps that repay the packing. */
const fewestSteps = 16

/** Whether `steps` decoding steps repay packing linear layers of `bytes` bytes. */
export const packingPays = (steps: number, bytes: number, smallest = smallestModel): boolean =>
  steps >= fewestSteps && bytes >= smallest

/**
 * Runs `body` with packed weights where that is possible, `steps` decoding steps repay it, and the linear layers have
 * at least `smallest` bytes; `body` must not change a weight.
 */
export function withPackedWeights<T>(model: Decoder, steps: number, body: () => T, smallest = smallestModel): T {
  const weights = linearWeights(model)
  const bytes = weights.reduce((total, { value }) => total + value.bytes, 0)
  if (!packingPays(steps, bytes, smallest) || !packable(model, weights) || bytes > freeHostMemory() / 2) return body()
  try {
    for (const weight of weights) weight.packed = scope(() => packWeight(weight.value))
    return body()
  } finally {
    for (const weight of weights) {
      weight.packed?.dispose()
      weight.packed = undefined
    }
  }
}

/** An adapter is chosen for its memory, which a second copy of the weights would take again. */
const packable = (model: Decoder, weights: readonly Parameter[]) =>
  model.device.type === 'cpu' && model.dtype === 'float32' && canPack() && !weights.some(({ adapter }) => adapter)

function linearWeights({ parameters }: Decoder): Parameter[] {
  return [parameters.head, ...parameters.layers.flatMap((layer) => linearKeys.map((key) => layer[key]))]
}
