/** The sign of the centered score of sampled and scored tokens, against float64 sums over the whole vocabulary. */
import { beforeAll, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { loadTiny } from '../../test/training/models.js'
import { PackedBatch } from '../model/packing.js'
import { cpu, noGrad, scope } from '../torch/index.js'
import { sampleCompletions } from './sampler.js'
import { scoreCompletions } from './scoring.js'
import { policyLogits } from './statistics.js'

beforeAll(startTestEngine)

/** Sc = sum_j p_j (S_k - S_j). */
function centeredScore(logits: Float32Array, k: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b))
  const x = Float64Array.from(logits, (z) => z - top)
  const a = x.reduce((sum, value) => sum + Math.exp(value), 0)
  const mean = x.reduce((sum, value) => sum + Math.exp(value) * value, 0) / a
  const S = x.map((value) => (Math.exp(value) / a) * (value - mean))
  return x.reduce((sum, value, j) => sum + (Math.exp(value) / a) * (S[k] - S[j]), 0)
}

// The tiny models are nearly flat: at the lower temperature 1 - p reaches 1e-12 and below.
it.each([1, 0.02])('is that of float64 at T %f', (temperature) => {
  const model = loadTiny('llama')
  const prompts = [
    [1, 5, 9],
    [7, 3],
    [2, 40, 8],
    [60, 11],
  ].map((tokens, key) => ({ key, tokens: Int32Array.from(tokens) }))
  const { completions } = sampleCompletions(model, prompts, {
    samplesPerPrompt: 4,
    maxNewTokens: 16,
    temperature,
    topP: 1,
    topK: 0,
    minP: 0,
    stopTokens: [],
    stopStrings: [],
    seed: 0,
    step: 0,
    batchSize: 16,
  })
  let nearlyCertain = 0
  for (const { prompt, tokens, S, expectedS, entropy } of completions) {
    const ids = [...prompts[prompt].tokens, ...tokens]
    const group = { prompt: prompts[prompt].tokens, completions: [tokens] }
    const [[scored]] = scoreCompletions(model, [group], { temperature, tokenBudget: 1000 })
    noGrad(() =>
      scope(() => {
        const pack = new PackedBatch([{ prompt: ids.slice(0, -1), branches: [] }], cpu)
        const hidden = pack.forward(model, model.embed(pack.tokens_T))
        const logits = policyLogits(model, hidden, temperature).toFloat32Array()
        const V = model.config.vocabSize
        tokens.forEach((token, t) => {
          const row = prompts[prompt].tokens.length - 1 + t
          const sign = Math.sign(centeredScore(logits.subarray(row * V, (row + 1) * V), token))
          expect(Math.sign(S[t] - expectedS[t])).toBe(sign)
          expect(Math.sign(scored.S[t] - scored.expectedS[t])).toBe(sign)
          if (entropy[t] < 1e-6) nearlyCertain++
        })
        pack.dispose()
      }),
    )
  }
  expect(nearlyCertain > 20).toBe(temperature < 1)
  model.dispose()
})
