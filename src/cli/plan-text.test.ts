import { expect, it } from 'vitest'
import type { DecoderConfig } from '../model/types.js'
import { parseRecipe } from '../recipe/index.js'
import { adapterRows, engineText, entropyText } from './plan-text.js'

const recipe = (sections: object) => parseRecipe({ model: 'm', task: { name: 't' }, ...sections })

it('says how the type was chosen, with both figures', () => {
  const plan = { device: 'cpu', dtype: 'float32', threads: 2 }
  expect(engineText(plan)).toBe('cpu, float32, 2 threads')
  expect(engineText({ ...plan, threads: 1 })).toBe('cpu, float32, 1 thread')
  const secondsPerToken = { float32: 2.994e-4, bfloat16: 4.5e-4 }
  expect(engineText({ ...plan, dtypeChoice: { by: 'measurement', secondsPerToken } })).toBe(
    "cpu, float32 (auto: a token takes a layer's products 299 us in float32, 450 us in bfloat16), 2 threads",
  )
  expect(engineText({ ...plan, dtypeChoice: { by: 'run' } })).toBe('cpu, float32 (auto: as the run began), 2 threads')
})

it('says what adapter is trained, and how large it is', () => {
  const config = { hiddenSize: 8, intermediateSize: 12, layers: 3, heads: 2, kvHeads: 1, headDim: 4, family: 'llama' }
  const rows = (lora: object) => adapterRows(recipe({ lora }), config as DecoderConfig)
  // q: 8 to 8, rank 2, three layers: 3 x 2 x (8 + 8).
  expect(rows({ rank: 2, targets: ['q_proj'], dropout: 0.1 })).toEqual([
    ['adapter', 'LoRA, rank 2, alpha 32, dropout 0.1, on q_proj: 96 parameters'],
  ])
  expect(rows({ rankStabilized: true })[0][1]).toMatch(
    /^LoRA, rank 16, alpha 32 \(rank-stabilized\), on all linear layers: /,
  )
  expect(rows({ from: './adapter' })).toEqual([['adapter', 'LoRA from ./adapter']])
  expect(adapterRows(recipe({}), config as DecoderConfig)).toEqual([])
})

it('says which entropy is held', () => {
  const text = (target: unknown) => entropyText(recipe({ entropy: { method: 'clip-v', target } }))
  expect(text(0.5)).toMatch(/^clip-v \(preset paper\), target 0\.5 nats/)
  expect(text({ from: 0.6, to: 0.3, steps: 5 })).toContain('target 0.6 to 0.3 nats over 5 steps')
  expect(
    text([
      [1, 0.6],
      [5, 0.3],
    ]),
  ).toContain('target 0.6 nats at step 1, 0.3 nats at step 5')
})
