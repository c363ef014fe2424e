/** Measures what float32 and bfloat16 cost on a model's shapes, in an engine's thread that ends with the answer. */
import type { DecoderConfig } from '../model/types.js'
import type { LayerWork, PrecisionSeconds } from '../torch/precision-speed.js'
import { askThread } from '../torch/thread.js'

/** [out, in] of the linear layers of one decoder layer, as the decoder multiplies them. */
export function layerProducts(config: DecoderConfig): [number, number][] {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config
  return [
    [(heads + 2 * kvHeads) * headDim, hiddenSize],
    [hiddenSize, heads * headDim],
    [2 * intermediateSize, hiddenSize],
    [hiddenSize, intermediateSize],
  ]
}

/** @throws UserError where there is no such device here */
export function measurePrecision(work: LayerWork, threads?: number): Promise<PrecisionSeconds> {
  const entry = new URL('../torch/precision-worker.js', import.meta.url).href
  return askThread(entry, 'measure', work, { threads })
}
