/** Measures what float32 and bfloat16 cost on a model's shapes, in an engine's thread that ends with the answer. */
import type { LayerWork, PrecisionSeconds } from '../torch/precision-speed.js'
import { askThread } from '../torch/thread.js'

/** @throws UserError where there is no such device here */
export function measurePrecision(work: LayerWork, threads?: number): Promise<PrecisionSeconds> {
  const entry = new URL('../torch/precision-worker.js', import.meta.url).href
  return askThread(entry, 'measure', work, { threads })
}
