/**
 * The loss in metrics.jsonl against its formula, from what the rollout files hold and the starting policy's own
 * log-probabilities: a gradient mask takes no token out of it. In the engine's thread, so build first.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import { scoreCompletions } from '../../src/rollout/scoring.js'
import { readRolloutRows } from '../../src/run/store/rollout-rows.js'
import { train } from '../../src/run/train/train.js'
import { startTestEngine } from '../engine.js'
import { loadTiny } from './models.js'
import { writeLetterTask, writeTinyModel } from './tiny-model.js'

const root = mkdtempSync(join(tmpdir(), 'logged-loss-'))
afterAll(() => rmSync(root, { recursive: true }))

it.each([
  ['clip-b of Qwen2, T 0.7, a KL term', 'clip-b', 0.1, 1],
  ['clip-b of Qwen2, T 0.7, importance weights of at most 0.5', 'clip-b', 0, 0.5],
  ['clip-v of Qwen2, T 0.7, a KL term', 'clip-v', 0.1, 1],
] as const)('%s', async (_, method, klCoef, cap) => {
  await startTestEngine()
  const runDirectory = join(root, `${method}-${klCoef}`)
  const temperature = 0.7
  const recipe = parseRecipe({
    model: writeTinyModel(join(root, 'qwen2'), 'qwen2'),
    threads: 1,
    task: { name: writeLetterTask(join(root, 'letters.mjs')) },
    rollout: { promptsPerStep: 3, samplesPerPrompt: 4, maxNewTokens: 10, temperature },
    algorithm: { klCoef, klEstimator: 'k3', importanceCap: cap < 1 ? cap : Infinity },
    entropy: { method, muLow: 1, muHigh: 1.5 },
    train: { steps: 2, lr: 1e-2 },
  })
  await train(recipe, { runDirectory })
  const metrics = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
  const start = loadTiny('qwen2')
  for (const step of [1, 2]) {
    const rows = await readRolloutRows(join(runDirectory, 'rollouts', `step-00000${step}.parquet`))
    let objective = 0
    let tokens = 0
    let masked = 0
    for (const row of rows) {
      const group = { prompt: row.promptTokens!, completions: [row.tokens] }
      const [[reference]] = scoreCompletions(start, [group], { temperature, tokenBudget: 1000 })
      row.advantage.forEach((A, t) => {
        // On a batch's first update r = 1. k3 = p_ref / p - 1 - log(p_ref / p).
        const gap = reference.logprob[t] - row.logprob[t]
        objective += cap * A - klCoef * (Math.exp(gap) - 1 - gap)
        tokens++
        if (!row.gradMask[t]) masked++
      })
    }
    expect(masked).toBeGreaterThan(5)
    expect(JSON.parse(metrics[step - 1]).loss).toBeCloseTo(-objective / tokens, 5)
  }
  start.dispose()
})
