import { describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import { native } from '../../torch/index.js'
import { freeMemory } from './free-memory.js'

describe('freeMemory', () => {
  it('has the host alone for a run on the processor', async () => {
    const free = await freeMemory('cpu')
    expect(Object.keys(free)).toEqual(['host'])
    expect(free.host).toBeGreaterThan(0)
  })

  it('asks the CUDA driver, and knows nothing where there is none', async () => {
    await startTestEngine()
    const bytes = native().freeCudaMemory(0)
    if (native().cuda) expect(bytes).toBeGreaterThan(0)
    else {
      expect(bytes).toBeUndefined()
      // The plan is for another machine: this one's host says nothing about it.
      expect(await freeMemory('cuda')).toEqual({})
    }
  })
})
