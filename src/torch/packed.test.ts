import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { canPack, fromData, linear, liveTensors, packedLinear, packWeight, scope } from './index.js'

beforeAll(startTestEngine)

const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7))

describe('packed weights', () => {
  it.runIf(process.platform === 'linux')('are there on Linux', () => expect(canPack()).toBe(true))

  it.each([1, 3, 32])('give the product of %i rows that the plain weight gives', (rows) => {
    if (!canPack()) return
    scope(() => {
      const x = fromData(values(rows * 48, 1), [rows, 48])
      const weight = fromData(values(80 * 48, 2), [80, 48])
      const bias = fromData(values(80, 3), [80])
      const packed = packWeight(weight)
      for (const b of [undefined, bias]) {
        const expected = linear(x, weight, b).toArray()
        const found = packedLinear(x, packed, b).toArray()
        // Sums of up to 24 in float32: their last place is 2e-6.
        for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 4)
      }
      packed.dispose()
    })
  })

  it('leave nothing behind', () => {
    if (!canPack()) return
    const before = liveTensors()
    scope(() => {
      const packed = packWeight(fromData(values(64, 1), [8, 8]))
      packedLinear(fromData(values(16, 2), [2, 8]), packed)
      packed.dispose()
    })
    expect(liveTensors()).toBe(before)
  })
})
