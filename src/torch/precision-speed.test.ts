import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { halved, type LayerWork, measurePrecisions } from './precision-speed.js'
import { liveTensors } from './tensor.js'

beforeAll(startTestEngine)

const training = { rows: 16, weightGradients: true, passes: 1 }
const work: LayerWork = {
  device: 'cpu',
  products: [
    [96, 64],
    [64, 96],
  ],
  layers: 2,
  decoding: { rows: 4, packed: true },
  training,
}

describe('measuring both types', () => {
  it.each<[string, LayerWork]>([
    ['sampling on packed weights and training', work],
    ['training alone', { ...work, decoding: undefined }],
    ['training below an adapter', { ...work, training: { ...training, weightGradients: false } }],
    ['sampling alone', { ...work, training: undefined }],
  ])('gives two times and leaves no tensor behind: %s', (_, given) => {
    const live = liveTensors()
    const { float32, bfloat16 } = measurePrecisions(given)
    expect(float32).toBeGreaterThan(0)
    expect(bfloat16).toBeGreaterThan(0)
    expect(Number.isFinite(float32 + bfloat16)).toBe(true)
    expect(liveTensors()).toBe(live)
  })

  it('halves both sides until a layer has at most 2^23 numbers', () => {
    // 2 x 2^24 = 2^25, a quarter of it is 2^23.
    const square: [number, number] = [4096, 4096]
    expect(halved([square, square])).toEqual([
      [2048, 2048],
      [2048, 2048],
    ])
    expect(halved([[4096, 2048]])).toEqual([[4096, 2048]])
  })
})
