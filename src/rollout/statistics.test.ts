import { describe, expect, it } from 'vitest'
import { cpu } from '../torch/index.js'
import { rowsPerChunk } from './statistics.js'

describe('rows whose logits are looked at together', () => {
  it('fill the cache of the processor', () => {
    // 4e6 / 151,936 = 26.3.
    expect(rowsPerChunk(151_936, cpu)).toBe(26)
    expect(rowsPerChunk(1_000_000, cpu)).toBe(8)
  })

  it('are 256 at least on an accelerator', () => {
    for (const type of ['cuda', 'mps'] as const) {
      expect(rowsPerChunk(151_936, { type, index: 0 })).toBe(256)
      expect(rowsPerChunk(1000, { type, index: 0 })).toBe(4000)
    }
  })
})
