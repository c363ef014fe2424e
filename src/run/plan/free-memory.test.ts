import { describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import { native } from '../../torch/index.js'
import { freeForEngine, freeMemory } from './free-memory.js'

describe('freeMemory', () => {
  it('has the host alone for a run on the processor', async () => {
    const free = await freeMemory('cpu')
    expect(Object.keys(free)).toEqual(['host'])
    expect(free.host).toBeGreaterThan(0)
  })

  it('leaves room for what the engine only reserves, where addresses are limited', () => {
    const GiB = 2 ** 30
    expect(freeForEngine(2, 8 * GiB, undefined)).toBe(8 * GiB)
    expect(freeForEngine(2, 8 * GiB, 100 * GiB)).toBe(8 * GiB)
    expect(freeForEngine(2, 3 * GiB, 3 * GiB)).toBe(2 * GiB - 160 * 2 ** 20)
    expect(freeForEngine(2, 3 * GiB, GiB)).toBe(0)
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
