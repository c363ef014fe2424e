/** What else a policy might have said: the likeliest tokens at each place of a sequence, recomputed from the model. */
import type { Decoder } from '../model/decoder.js'
import { PackedBatch } from '../model/packing.js'
import { fromIndices, indexSelect, narrow, noGrad, scope, topk } from '../torch/index.js'
import { policyLogits, rowsPerChunk } from './statistics.js'
import { rowMoments, shiftedRows } from './tensor-moments.js'

export interface AlternativesCall {
  /** Ids of the whole sequence, the prompt first. */
  tokens: number[]
  /** The first token whose alternatives are asked for; at least 1, since nothing predicts the first. */
  from: number
  temperature: number
  /** Alternatives per token at most. */
  count: number
}

/** Of each token from `from` on, `count` entries after one another, likeliest first. */
export interface Alternatives {
  count: number
  ids: Int32Array
  /** Nats, of softmax(z / T) over the whole vocabulary. */
  logprob: Float32Array
}

export function alternativesOf(model: Decoder, { tokens, from, temperature, count }: AlternativesCall): Alternatives {
  const rows = tokens.length - from
  const k = Math.min(count, model.config.vocabSize)
  const found: Alternatives = { count: k, ids: new Int32Array(rows * k), logprob: new Float32Array(rows * k) }
  noGrad(() =>
    scope(() => {
      const pack = new PackedBatch([{ prompt: tokens.slice(0, -1), branches: [] }], model.device)
      try {
        const hidden_T_d = pack.forward(model, model.embed(pack.tokens_T))
        const places = Array.from({ length: rows }, (_, r) => from - 1 + r)
        const hidden_R_d = indexSelect(hidden_T_d, 0, fromIndices(places, [rows], model.device))
        const step = rowsPerChunk(model.config.vocabSize, model.device)
        for (let at = 0; at < rows; at += step) {
          const length = Math.min(step, rows - at)
          scope(() => {
            const logits = policyLogits(model, narrow(hidden_R_d, 0, at, length), temperature)
            const [values_R_k, ids_R_k] = topk(logits, k)
            const values = values_R_k.toFloat32Array()
            found.ids.set(ids_R_k.toArray().map(Number), at * k)
            // The sums take the logits' memory.
            shiftedRows(logits).sums.forEach((sums, r) => {
              const { logA } = rowMoments(sums)
              for (let i = 0; i < k; i++) {
                found.logprob[(at + r) * k + i] = values[r * k + i]! - values[r * k]! - logA
              }
            })
          })
        }
      } finally {
        pack.dispose()
      }
    }),
  )
  return found
}
