import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { uniform } from '../base/philox.js'
import { cpu, fromData, scope } from '../torch/index.js'
import { DeviceDraw } from './device-draw.js'
import { drawTokens, truncate } from './draw.js'

beforeAll(startTestEngine)

type Draw = (rows: ArrayLike<number>[], uniforms: number[]) => { tokens: Int32Array; edgeDraws: number }

const tensorOf = (rows: ArrayLike<number>[]) =>
  fromData(Float32Array.from(rows.flatMap((row) => Array.from(row))), [rows.length, rows[0].length])

const onHost: Draw = (rows, uniforms) => scope(() => drawTokens(tensorOf(rows), uniforms))

/** As on an accelerator, here on the processor. */
const onDevice: Draw = (rows, uniforms) =>
  scope(() => {
    const device = new DeviceDraw(rows[0].length, cpu)
    try {
      const sums_R_5 = fromData(
        Float32Array.from({ length: rows.length * 5 }, (_, i) => i),
        [rows.length, 5],
      )
      const drawn = device.draw(tensorOf(rows), device.send(uniforms), sums_R_5)
      // What travels beside the tokens arrives with its own row.
      drawn.tokens.forEach((token, r) => {
        expect(drawn.weights[r]).toBe(Math.fround(rows[r][token]))
        expect(drawn.sums[r]).toEqual({ tail: 5 * r, b: 5 * r + 1, squares: 5 * r + 2, d: 5 * r + 3, e: 5 * r + 4 })
      })
      return drawn
    } finally {
      device.dispose()
    }
  })

const belowOne = 1 - 2 ** -53

describe.each([
  ['on the host', onHost],
  ['on the device', onDevice],
])('a draw %s', (_, draw) => {
  it.each([64, 127, 128, 129, 300])('follows the distribution: %i ids', (V) => {
    // Weights 0, 1, ..., 6 in turn; id i is expected in N w_i / sum w of N draws.
    const weights = Array.from({ length: V }, (_, i) => i % 7)
    const total = weights.reduce((a, b) => a + b, 0)
    const N = 60 * V
    const counts = new Array<number>(V).fill(0)
    for (let from = 0; from < N; from += 2000) {
      const rows = Math.min(2000, N - from)
      const { tokens } = draw(
        new Array(rows).fill(weights),
        Array.from({ length: rows }, (_, r) => uniform(1, V, from + r)),
      )
      for (const token of tokens) counts[token]++
    }
    let chiSquare = 0
    let freedom = -1
    counts.forEach((count, i) => {
      const expected = (N * weights[i]) / total
      if (expected === 0) expect(count).toBe(0)
      else {
        chiSquare += (count - expected) ** 2 / expected
        freedom++
      }
    })
    // Mean k, variance 2k: five standard deviations.
    expect(chiSquare).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom))
  })

  it('inverts the cumulative distribution in float64: any weights, any number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 400 }).filter((w) => w.some((x) => x > 0)),
        fc.double({ min: 0, max: belowOne, noNaN: true }),
        (weights, u) => {
          const target = u * weights.reduce((a, b) => a + b, 0)
          let cumulative = 0
          const expected = weights.findIndex((weight) => {
            cumulative += weight
            return weight > 0 && cumulative > target
          })
          // Sums of small integers are exact, so there is no rounding to allow for.
          expect(draw([weights], [u]).tokens[0]).toBe(expected)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('takes the first and the last token of positive probability at 0 and just below 1', () => {
    const weights = new Float32Array(300)
    weights.fill(0.1, 131, 290)
    expect(Array.from(draw([weights, weights], [0, belowOne]).tokens)).toEqual([131, 289])
    const one = new Float32Array(130)
    one[129] = 1
    expect(Array.from(draw([one, one, one], [0, 0.5, belowOne]).tokens)).toEqual([129, 129, 129])
    const first = new Float32Array(130)
    first[0] = 1
    expect(Array.from(draw([first, first], [0, belowOne]).tokens)).toEqual([0, 0])
  })

  it('counts those within rounding of an edge', () => {
    expect(draw([[1, 1, 2]], [0.25 + 1e-9]).edgeDraws).toBe(1)
    expect(draw([[1, 1, 2]], [0.3]).edgeDraws).toBe(0)
    expect(
      draw(
        [
          [1, 1, 2],
          [3, 0, 1],
        ],
        [0.3, 0.75 - 1e-9],
      ).edgeDraws,
    ).toBe(1)
  })
})

describe('truncation', () => {
  const p = [0.5, 0.05, 0.25, 0.15, 0.05]
  const kept = (options: { topP?: number; topK?: number; minP?: number }, probabilities = p) =>
    scope(() => {
      const top = Math.max(...probabilities)
      const scaled = Float32Array.from(probabilities, (value) => value / top)
      const a = scaled.reduce((total, value) => total + value, 0)
      const total_R_1 = fromData(Float64Array.of(a), [1, 1], { dtype: 'float64' })
      const { weights_R_V, kept_R_1 } = truncate(fromData(scaled, [1, scaled.length]), total_R_1, {
        topP: 1,
        topK: 0,
        minP: 0,
        ...options,
      })
      return {
        ids: [...weights_R_V.toFloat32Array()].flatMap((weight, i) => (weight > 0 ? [i] : [])),
        mass: kept_R_1.item(),
      }
    })

  it.each([
    ['topK 1', { topK: 1 }, [0], 0.5],
    ['topK 2', { topK: 2 }, [0, 2], 0.75],
    ['topK 4: equal weights at the cut stay together', { topK: 4 }, [0, 1, 2, 3, 4], 1],
    ['topK above the vocabulary', { topK: 99 }, [0, 1, 2, 3, 4], 1],
    ['topP 0.7: the smallest set with that mass', { topP: 0.7 }, [0, 2], 0.75],
    ['topP 0.4', { topP: 0.4 }, [0], 0.5],
    ['topP 0.8', { topP: 0.8 }, [0, 2, 3], 0.9],
    ['minP 0.2: at least a fifth of the largest', { minP: 0.2 }, [0, 2, 3], 0.9],
    // Within the two of topK the masses are 2/3 and 1/3: topP counts what is left.
    ['topK 2, then topP 0.6', { topK: 2, topP: 0.6 }, [0], 0.5],
    ['minP wins where it cuts more', { topP: 0.99, minP: 0.4 }, [0, 2], 0.75],
  ])('%s', (_, options, ids, mass) => {
    const found = kept(options)
    expect(found.ids).toEqual(ids)
    expect(found.mass).toBeCloseTo(mass, 6)
  })

  it('finds a nucleus larger than its first guess', () => {
    // 3000 distinct weights, nearly flat: 90 % of the mass needs more than 1024 of them.
    const raw = Array.from({ length: 3000 }, (_, i) => 1 + i / 1e4)
    const total = raw.reduce((a, b) => a + b, 0)
    const probabilities = raw.map((value) => value / total)
    let mass = 0
    let expected = 0
    while (mass < 0.9) mass += probabilities[2999 - expected++]
    const { ids } = kept({ topP: 0.9 }, probabilities)
    expect(Math.abs(ids.length - expected)).toBeLessThanOrEqual(1)
    expect(ids.at(-1)).toBe(2999)
  })
})
