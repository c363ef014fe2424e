/** Weights in bfloat16: 8 bits of precision, so about 1 % in a log-probability, and sums in float32 all the same. */
import { beforeAll, describe, expect, it } from 'vitest'
import { sampleCompletions } from '../../src/rollout/sampler.js'
import { scoreCompletions } from '../../src/rollout/scoring.js'
import { liveTensors } from '../../src/torch/index.js'
import type { TrainGroup } from '../../src/train/backend.js'
import { Learner } from '../../src/train/local/learner.js'
import { startTestEngine } from '../engine.js'
import { loadTiny, trainCompletion, updateOptions } from './models.js'

beforeAll(startTestEngine)

const groups: TrainGroup[] = [
  {
    prompt: Int32Array.from([1, 5, 9]),
    completions: [
      trainCompletion([4, 8, 15, 16, 23], { advantage: 1, weight: 1 / 8, rolloutLogprob: [-4, -4, -4, -4, -4] }),
      trainCompletion([42, 3, 7], { advantage: -1, weight: 1 / 8, rolloutLogprob: [-4, -4, -4] }),
    ],
  },
]

describe.each(['qwen3', 'llama'])('%s in bfloat16', (name) => {
  it('has about the gradient of float32, and takes a step', () => {
    const open = {
      clipLow: 100,
      clipHigh: 100,
      importanceCap: 1,
      klCoef: 0,
      klEstimator: 'k3',
      entropyCoef: 0.1,
    } as const
    const norms = (['float32', 'bfloat16'] as const).map((dtype) => {
      const model = loadTiny(name, dtype)
      const learner = new Learner(model)
      const options = updateOptions({ objective: open, lr: 3e-2 })
      const first = learner.update(groups, options)
      const second = learner.update(groups, options)
      expect(second.applied).toBe(true)
      expect(second.loss).toBeLessThan(first.loss)
      learner.dispose()
      model.dispose()
      return first.gradNorm
    })
    expect(Math.abs(norms[1] / norms[0] - 1)).toBeLessThan(0.05)
  })

  it('samples with the statistics that scoring gives, to its precision', () => {
    const live = liveTensors()
    const model = loadTiny(name, 'bfloat16')
    const prompt = [1, 5, 9, 3]
    const { completions } = sampleCompletions(model, [{ key: 0, tokens: prompt }], {
      samplesPerPrompt: 5,
      maxNewTokens: 12,
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      stopTokens: [2, 17],
      stopStrings: [],
      seed: 1,
      step: 0,
      batchSize: 3,
    })
    const [scored] = scoreCompletions(model, [{ prompt, completions: completions.map(({ tokens }) => tokens) }], {
      temperature: 1,
      tokenBudget: 1000,
    })
    completions.forEach(({ logprob, entropy }, i) => {
      logprob.forEach((value, t) => {
        expect(Math.abs(value - scored[i].logprob[t])).toBeLessThan(0.2)
        expect(Math.abs(entropy[t] - scored[i].entropy[t])).toBeLessThan(0.2)
      })
    })
    model.dispose()
    expect(liveTensors() - live).toBeLessThanOrEqual(3)
  })
})
