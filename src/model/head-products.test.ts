import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { largestGap } from '../../test/training/models.js'
import { rngFrom } from '../base/philox.js'
import { add, fromData, noGrad, scope, toDtype, zeros } from '../torch/index.js'
import { headProducts } from './head-products.js'

beforeAll(startTestEngine)

const random = rngFrom(3)
const matrix = (rows: number, columns: number, scale: number) =>
  fromData(
    Float32Array.from({ length: rows * columns }, () => scale * (random() - 0.5)),
    [rows, columns],
  )

// More than one slice of the vocabulary: 2^21 / 512 = 4096 rows each.
const [V, d, R] = [5000, 512, 3]

describe('products of a head in half precision', () => {
  it('are those of its very numbers in float32, over several slices', () => {
    noGrad(() =>
      scope(() => {
        const weight = toDtype(matrix(V, d, 0.2), 'bfloat16')
        const x = toDtype(matrix(R, d, 20), 'bfloat16')
        const g = matrix(R, V, 1)
        const half = headProducts(weight)
        const wide = headProducts(toDtype(weight, 'float32'))
        const wideX = toDtype(x, 'float32')
        const logits = half.logits(x)
        expect(logits.dtype).toBe('float32')
        const expected = wide.logits(wideX).toFloat32Array()
        expect(Math.max(...expected)).toBeGreaterThan(10)
        expect(largestGap(logits.toFloat32Array(), expected)).toBeLessThan(1e-4)

        const sums = [0, 1].map(() => add(zeros([V, d]), fromData(Float32Array.of(1), [1])))
        const dx = half.backward(g, x, sums[0])
        const wideDx = wide.backward(g, wideX, sums[1])
        expect(dx.dtype).toBe('bfloat16')
        expect(dx.toArray()).toEqual(toDtype(wideDx, 'bfloat16').toArray())
        // Added to what was there, 1.
        expect(largestGap(sums[0].toFloat32Array(), sums[1].toFloat32Array())).toBeLessThan(1e-4)
        expect(sums[0].toFloat32Array()[0]).not.toBe(1)
      }),
    )
  })
})
