/** Statistics of a policy's distribution at given tokens, chunk by chunk: logits never exist for all rows at once. */

import { pairedExpectation } from '../entropy/score-pair.js'
import type { Decoder } from '../model/decoder.js'
import { headProducts } from '../model/head-products.js'
import { project } from '../model/projection.js'
import {
  type Device,
  div,
  div_,
  fromIndices,
  indexSelect,
  isHalf,
  narrow,
  noGrad,
  reshape,
  scope,
  type Tensor,
  toDtype,
} from '../torch/index.js'
import { rowMoments, shiftedRows, tokenScores } from './tensor-moments.js'
import { statisticNames, type TokenStatistics } from './types.js'

/** Logits of one chunk at most, in elements: about what the last level of cache holds. */
const chunkElements = 4_000_000
/** On an accelerator, which has other caches and waits for the host once a chunk; the plan counts them. */
const acceleratorRows = 256

/** Rows whose logits are looked at together. */
export function rowsPerChunk(vocabSize: number, device: Device): number {
  const cached = Math.max(8, Math.floor(chunkElements / vocabSize))
  return device.type === 'cpu' ? cached : Math.max(acceleratorRows, cached)
}

export function emptyStatistics(length: number): TokenStatistics {
  return Object.fromEntries(
    statisticNames.map((name) => [name, new Float32Array(length)]),
  ) as unknown as TokenStatistics
}

/** float32 logits of softmax(z / T) for hidden_R_d. */
export function policyLogits(model: Decoder, hidden_R_d: Tensor, temperature: number): Tensor {
  return scope(() => {
    const { head } = model.parameters
    if (isHalf(head.value.dtype)) {
      const logits = headProducts(head.value).logits(hidden_R_d)
      if (temperature !== 1) div_(logits, temperature)
      return logits
    }
    const scaled = temperature === 1 ? hidden_R_d : div(hidden_R_d, temperature)
    const logits = project(scaled, head)
    return logits.dtype === 'float32' ? logits : toDtype(logits, 'float32')
  })
}

/** Fills entries `at` .. `at + R - 1` of the statistics from the rows' distributions and their sampled tokens. */
export function statisticsOfTokens(
  model: Decoder,
  hidden_T_d: Tensor,
  rows: number[],
  targets: ArrayLike<number>,
  temperature: number,
): TokenStatistics {
  const statistics = emptyStatistics(rows.length)
  const top = new Uint8Array(rows.length)
  const step = rowsPerChunk(model.config.vocabSize, model.device)
  noGrad(() =>
    scope(() => {
      const rows_R = fromIndices(rows, [rows.length], model.device)
      const targets_R = fromIndices(targets, [rows.length], model.device)
      const hidden_R_d = indexSelect(hidden_T_d, 0, rows_R)
      for (let at = 0; at < rows.length; at += step) {
        const count = Math.min(step, rows.length - at)
        scope(() => {
          const logits = policyLogits(model, narrow(hidden_R_d, 0, at, count), temperature)
          const { sums, targetX } = shiftedRows(logits, reshape(narrow(targets_R, 0, at, count), [count, 1]))
          for (let r = 0; r < count; r++) {
            setStatistics(statistics, at + r, rowMoments(sums[r]), targetX![r])
            // Logits are shifted by their maximum.
            top[at + r] = targetX![r] === 0 ? 1 : 0
          }
        })
      }
    }),
  )
  return { ...statistics, top }
}

/** Entry `i` from a row's moments and the sampled token's shifted logit. */
export function setStatistics(
  statistics: TokenStatistics,
  i: number,
  moments: ReturnType<typeof rowMoments>,
  x: number,
): void {
  const { logprob, S, centredS } = tokenScores(moments, x)
  statistics.logprob[i] = logprob
  statistics.entropy[i] = moments.entropy
  statistics.sumP2[i] = moments.sumP2
  statistics.sumP2LogP[i] = moments.sumP2LogP
  statistics.S[i] = S
  statistics.expectedS[i] = pairedExpectation(S, moments.expectedS, centredS)
  statistics.sumS2[i] = moments.sumS2
}
