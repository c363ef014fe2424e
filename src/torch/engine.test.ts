import { afterEach, describe, expect, it, vi } from 'vitest'
import { prepareEnvironment } from './engine.js'

afterEach(() => vi.unstubAllEnvs())

describe('the environment that LibTorch is loaded in', () => {
  const choices = [
    'OMP_WAIT_POLICY',
    'THP_MEM_ALLOC_ENABLE',
    'ONEDNN_PRIMITIVE_CACHE_CAPACITY',
    'TORCH_CUDNN_SDPA_DEPRIORITIZED',
  ]

  it('has our choices where the user made none', () => {
    for (const name of choices) vi.stubEnv(name, undefined)
    prepareEnvironment()
    expect(choices.map((name) => process.env[name])).toEqual(['passive', '1', '128', '1'])
  })

  it("keeps the user's", () => {
    for (const name of choices) vi.stubEnv(name, 'theirs')
    prepareEnvironment()
    expect(choices.map((name) => process.env[name])).toEqual(choices.map(() => 'theirs'))
  })
})
