import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { loadTiny } from '../../test/training/models.js'
import { canPack, liveTensors, noGrad, scope } from '../torch/index.js'
import type { Decoder } from './decoder.js'
import { withPackedWeights } from './packed-weights.js'
import { PackedBatch } from './packing.js'

let model: Decoder

beforeAll(async () => {
  await startTestEngine()
  // Its projections have biases.
  model = loadTiny('qwen2')
})
afterAll(() => model.dispose())

const hidden = () =>
  noGrad(() =>
    scope(() => {
      const pack = new PackedBatch([{ prompt: [1, 5, 9, 3], branches: [] }], model.device)
      try {
        return pack.forward(model, model.embed(pack.tokens_T)).toArray()
      } finally {
        pack.dispose()
      }
    }),
  )

const packed = () => model.parameters.layers.every(({ down }) => down.packed)

it('gives the hidden states of the plain weights', () => {
  const plain = hidden()
  withPackedWeights(
    model,
    100,
    () => {
      expect(packed()).toBe(canPack())
      for (const [i, value] of hidden().entries()) expect(value).toBeCloseTo(plain[i], 5)
    },
    0,
  )
})

it('leaves small models and short completions alone', () => {
  withPackedWeights(model, 100, () => expect(packed()).toBe(false))
  withPackedWeights(model, 3, () => expect(packed()).toBe(false), 0)
})

it('frees the copies, also on a throw', () => {
  const before = liveTensors()
  const fail = () => {
    throw new Error('stop')
  }
  expect(() => withPackedWeights(model, 100, fail, 0)).toThrow('stop')
  expect(packed()).toBe(false)
  expect(liveTensors()).toBe(before)
})
