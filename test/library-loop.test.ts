/** A loop of one's own on the library, against what `score` and `train` say. The engine's thread loads compiled files: build first. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  clipB,
  clipV,
  loadTask,
  openBackend,
  openSampler,
  parseRecipe,
  predictStep,
  type StepMetrics,
  samplingOptions,
  score,
  scoreTokens,
  train,
  trainLoop,
  updateOptions,
} from '../src/index.js'
import { tinySetUp } from './training/tiny-model.js'

const { root, model, task } = tinySetUp('library-')

describe('scoreTokens', () => {
  const inputs = [
    { prompt: 'What is 1?', completion: 'abc', advantage: 1 },
    { prompt: '2', completion: '42', advantage: [-1, 0.5] },
  ]

  it('gives what score does, at the tokens of the completions', async () => {
    const batch = await scoreTokens(model, inputs, { threads: 1, temperature: 0.8 })
    expect(batch.promptLengths).toEqual([10, 1])
    expect(batch.starts).toEqual([0, 13])
    expect([...batch.isPolicyToken]).toEqual([...Array(10).fill(0), 1, 1, 1, 0, 1, 1])
    expect([...batch.advantage]).toEqual([...Array(10).fill(0), 1, 1, 1, 0, -1, 0.5])
    let i = 0
    for await (const line of score(model, inputs, { threads: 1, temperature: 0.8 })) {
      const start = batch.starts[i]
      expect([...batch.tokens.subarray(start, start + line.tokens.length)]).toEqual(line.tokens)
      for (let t = batch.promptLengths[i]; t < line.tokens.length; t++) {
        expect(batch.S[start + t]).toBe(line.S[t])
        expect(batch.expectedS[start + t]).toBe(line.expectedS[t])
        expect(batch.entropy[start + t]).toBe(line.entropy[t])
        expect(batch.logprob[start + t]).toBe(line.logprobs[t])
      }
      i++
    }
    expect(i).toBe(2)
  })

  it('is what clipB, clipV, and predictStep take', async () => {
    const batch = await scoreTokens(model, inputs, { threads: 1 })
    const clipped = [clipB(batch, { muLow: 0.5, muHigh: 0.5 }), clipV(batch, { muLow: 0.5, muHigh: 0.5 })]
    for (const { mask } of clipped) {
      expect(mask.length).toBe(16)
      expect(mask.reduce((a, b) => a + b, 0)).toBeLessThan(5)
    }
    // -mean(A Sc) over the five tokens of completions.
    const Sc = batch.S.map((S, t) => S - batch.expectedS[t])
    const expected = -Sc.reduce((sum, value, t) => sum + batch.isPolicyToken[t] * batch.advantage[t] * value, 0) / 5
    expect(predictStep(batch).dH).toBeCloseTo(expected, 12)
  })

  it('takes ids, and how many of them are the prompt', async () => {
    const [text] = inputs
    const scored = await scoreTokens(model, [text], { threads: 1 })
    const tokens = [...scored.tokens]
    const ids = await scoreTokens(model, [{ tokens, promptLength: 10, advantage: 1 }], { threads: 1 })
    expect(ids).toEqual(scored)
    const whole = await scoreTokens(model, [{ tokens }], { threads: 1 })
    expect([...whole.isPolicyToken]).toEqual([0, ...Array(12).fill(1)])
    expect(whole.advantage.every((A) => A === 0)).toBe(true)
    for (const promptLength of [0, 13, 1.5]) {
      await expect(scoreTokens(model, [{ tokens, promptLength }], { threads: 1 })).rejects.toThrow(
        `input 1 has 13 tokens, of which ${promptLength} are the prompt`,
      )
    }
  })
})

describe('openBackend', () => {
  it('samples, scores, and updates', async () => {
    const backend = await openBackend({ model, threads: 1 })
    try {
      const prompt = Int32Array.from(backend.model.tokenizer.encode('What is 2?'))
      const options = samplingOptions(backend, { step: 1, samplesPerPrompt: 2, maxNewTokens: 5 })
      const { completions } = await backend.sample([{ key: 0, tokens: prompt }], options)
      const tokens = completions.map((completion) => completion.tokens)
      const [scored] = await backend.score([{ prompt, completions: tokens }], { temperature: 1, tokenBudget: 100 })
      expect(scored[1].entropy[0]).toBeCloseTo(completions[1].entropy[0], 5)
      const ones = (length: number) => new Float32Array(length).fill(1)
      const result = await backend.update(
        [
          {
            prompt,
            completions: completions.map(({ tokens: ids, logprob }, i) => ({
              tokens: ids,
              rolloutLogprob: logprob,
              advantage: ones(ids.length).fill(i === 0 ? 1 : -1),
              gradMask: new Uint8Array(ids.length).fill(1),
              weight: ones(ids.length),
            })),
          },
        ],
        updateOptions({ lr: 1e-3 }),
      )
      expect(result).toMatchObject({ applied: true })
    } finally {
      await backend.close()
    }
  })

  it.each([
    [{ modle: 'x' }, /model: is required/],
    [{ model: 'x', backend: { kind: 'remote' as never } }, /backend.kind: must be local \(got "remote"\)/],
    [{ model: 'x', train: { lr: -1 } }, /train.lr: must be at least 0/],
    [{ model: './no-such-model' }, /no-such-model/],
  ])('refuses %j', async (recipe, message) => {
    await expect(openBackend(recipe as { model: string })).rejects.toThrow(message)
  })
})

it('trainLoop on an open backend makes the steps that train makes', async () => {
  const config = {
    model,
    threads: 1,
    task: { name: task },
    rollout: { promptsPerStep: 2, samplesPerPrompt: 4, maxNewTokens: 8 },
    algorithm: { klCoef: 0.1 },
    train: { steps: 2, lr: 1e-2 },
  }
  const runDirectory = join(root, 'run')
  await train(config, { runDirectory })
  const recipe = parseRecipe(config)
  const backend = await openBackend(recipe)
  const sampler = await openSampler(recipe, backend)
  const steps: StepMetrics[] = []
  try {
    const loop = trainLoop({ recipe, backend, sampler, task: await loadTask(recipe.task) })
    for await (const event of loop) if (event.type === 'step') steps.push(event.metrics)
  } finally {
    await sampler.close()
    await backend.close()
  }
  const lines = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const repeatable = (all: object[]) =>
    all.map((line) =>
      Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
    )
  expect(repeatable(JSON.parse(JSON.stringify(steps)))).toEqual(repeatable(lines))
})
