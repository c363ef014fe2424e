import { expect, it } from 'vitest'
import { engineText } from './plan-text.js'

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
