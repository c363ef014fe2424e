/** Updates of an adapter: what moves, what does not, and what they do not depend on. */
import { beforeAll, describe, expect, it } from 'vitest'
import { rngFrom } from '../../src/base/philox.js'
import { shareWeights } from '../../src/model/copy.js'
import { Lora } from '../../src/model/lora/lora.js'
import { exportParts } from '../../src/model/parameters.js'
import { gradientOf, liveTensors } from '../../src/torch/index.js'
import type { TrainCompletion, TrainGroup, UpdateOptions } from '../../src/train/backend.js'
import { Learner } from '../../src/train/local/learner.js'
import { startTestEngine } from '../engine.js'
import { largestParameterGap, loadTiny, parametersOf, trainCompletion, updateOptions } from './models.js'

beforeAll(startTestEngine)

const random = rngFrom(12)
const ids = (length: number) => Array.from({ length }, () => Math.floor(64 * random()))

function completion(length: number, advantage: number): TrainCompletion {
  return trainCompletion(ids(length), {
    advantage,
    weight: 1 / 30,
    rolloutLogprob: Array.from({ length }, () => -5 + random()),
  })
}

const groups: TrainGroup[] = [
  { prompt: Int32Array.from(ids(6)), completions: [completion(5, 1), completion(9, -0.7), completion(1, 0.4)] },
  { prompt: Int32Array.from(ids(3)), completions: [completion(4, 0.6), completion(2, -0.5)] },
]

const options = { rank: 2, alpha: 4, targets: 'all-linear', rankStabilized: false, seed: 3, baseModel: 'tiny' } as const

const factorsOf = (lora: Lora) =>
  new Map(
    lora
      .parameters()
      .flatMap((parameter) =>
        [...exportParts(parameter)].map(({ name, bytes }) => [name, new Float32Array(bytes.buffer)] as const),
      ),
  )

/** Two updates; the second has gradients for A too. */
function trained(
  changes: Partial<UpdateOptions> = {},
  { rate = 0, name = 'qwen3', order = groups }: { rate?: number; name?: string; order?: TrainGroup[] } = {},
) {
  const model = loadTiny(name)
  const lora = Lora.create(model, options)
  lora.attach(model)
  const before = parametersOf(model)
  const start = factorsOf(lora)
  const learner = new Learner(model, { lora: { adapter: lora, ...(rate > 0 ? { dropout: { rate, seed: 5 } } : {}) } })
  const results = [1, 2].map(() => learner.update(order, updateOptions(changes)))
  const untouched = model.list().every(({ value }) => gradientOf(value) === undefined)
  const outcome = {
    results,
    start,
    factors: factorsOf(lora),
    baseGap: largestParameterGap(before, parametersOf(model)),
    untouched,
    moments: [...learner.optimizer.state()].length,
    parameters: lora.parameters().length,
  }
  learner.dispose()
  lora.dispose()
  model.dispose()
  return outcome
}

describe('an update of an adapter', () => {
  it.each(['llama-tied-biases', 'qwen3', 'internlm2'])('moves the factors of %s and nothing else', (name) => {
    const { results, start, factors, baseGap, untouched, moments, parameters } = trained({}, { name })
    expect(results.every(({ applied }) => applied)).toBe(true)
    expect(baseGap).toBe(0)
    expect(untouched).toBe(true)
    expect(moments).toBe(2 * parameters)
    for (const [factor, values] of factors) expect(values, factor).not.toEqual(start.get(factor))
  })

  it('raises the objective that it ascends', () => {
    const { results } = trained()
    expect(results[1].loss).toBeLessThan(results[0].loss)
  })

  it.each([0, 0.3])('does not depend on the micro-batches, with dropout %d', (rate) => {
    const whole = trained({}, { rate })
    const cut = trained({ tokenBudget: 12 }, { rate })
    expect(Math.abs(cut.results[1].loss - whole.results[1].loss)).toBeLessThan(1e-6)
    expect(largestParameterGap(cut.factors, whole.factors)).toBeLessThan(1e-5)
  })

  it.each([0, 0.3])('is the same with activation checkpointing, with dropout %d', (rate) => {
    const kept = trained({}, { rate })
    const recomputed = trained({ activationCheckpointing: true }, { rate })
    expect(largestParameterGap(recomputed.factors, kept.factors)).toBeLessThan(1e-6)
  })

  it('draws other masks for every update and seed, and the same again', () => {
    const [first, again] = [trained({}, { rate: 0.3 }), trained({}, { rate: 0.3 })]
    expect(again.factors).toEqual(first.factors)
    expect(trained().factors).not.toEqual(first.factors)
  })

  it('agrees with the chain rule through the full gradient: dB = s dW A^T where B is 0', () => {
    // One AdamW step with betas [0, 0], no clipping and a huge eps is theta - lr g / eps.
    const plainStep = { betas: [0, 0] as [number, number], eps: 1e6, lr: 1e3 }
    const model = loadTiny('llama')
    const lora = Lora.create(model, options)
    const start = factorsOf(lora)
    const full = shareWeights(model)
    const before = parametersOf(full)
    lora.attach(model)
    const adapterLearner = new Learner(model, { lora: { adapter: lora } })
    adapterLearner.update(groups, updateOptions(plainStep))
    const learner = new Learner(full)
    learner.update(groups, updateOptions(plainStep))
    const after = parametersOf(full)
    const moved = factorsOf(lora)
    const layer = 'model.layers.1.self_attn.k_proj'
    const dW = after.get(`${layer}.weight`)!.map((value, i) => value - before.get(`${layer}.weight`)![i])
    const a = start.get(`${layer}.lora_A.weight`)!
    const [rank, width] = [options.rank, model.config.hiddenSize]
    const expected = moved.get(`${layer}.lora_B.weight`)!.map((_, i) => {
      const [row, column] = [Math.floor(i / rank), i % rank]
      let total = 0
      for (let k = 0; k < width; k++) total += dW[row * width + k] * a[column * width + k]
      return (total * options.alpha) / options.rank
    })
    const size = Math.max(...expected.map(Math.abs))
    expect(size).toBeGreaterThan(0)
    moved.get(`${layer}.lora_B.weight`)!.forEach((value, i) => {
      expect(Math.abs(value - expected[i]) / size).toBeLessThan(1e-3)
    })
    for (const one of [adapterLearner, learner, lora, model]) one.dispose()
  })

  it('leaves no tensor behind', () => {
    trained({}, { rate: 0.2 })
    const live = liveTensors()
    trained({}, { rate: 0.2 })
    expect(liveTensors()).toBe(live)
  })
})
