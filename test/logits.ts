/** Logits of a model's whole sequence, for comparisons with another implementation. */

import { Decoder } from '../src/model/decoder.js'
import { PackedBatch } from '../src/model/packing.js'
import type { OpenModel } from '../src/model/types.js'
import { cpu, linear, noGrad, scope } from '../src/torch/index.js'

/** logits_T_V of every sequence, in float32 on the CPU. */
export function logitsOf(open: Pick<OpenModel, 'config' | 'tensors'>, sequences: number[][]): number[][][] {
  const model = Decoder.load(open.config, open.tensors, cpu, 'float32')
  const V = open.config.vocabSize
  try {
    return sequences.map((ids) => {
      const batch = new PackedBatch([{ prompt: ids, branches: [] }], cpu)
      const flat = noGrad(() =>
        scope(() =>
          linear(batch.forward(model, model.embed(batch.tokens_T)), model.parameters.head.value).toFloat32Array(),
        ),
      )
      batch.dispose()
      return ids.map((_, t) => Array.from(flat.subarray(t * V, (t + 1) * V)))
    })
  } finally {
    model.dispose()
  }
}

export function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(...a.map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - b[i][j])))))
}
