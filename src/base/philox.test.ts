import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { philox4x32, rngFrom, type Uint32x4, uniform } from './philox.js'

const words = (hex: string) => hex.split(' ').map((word) => Number.parseInt(word, 16))

describe('philox4x32', () => {
  // Known answers of the Random123 distribution, tests/kat_vectors, `philox4x32 10`: counter, key, result.
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('of %s under %s', (counter, key, result) => {
    expect(philox4x32(words(counter) as Uint32x4, words(key) as [number, number])).toEqual(words(result))
  })

  it('agrees with the same ten rounds in BigInt', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff })
    const reference = (counter: number[], key: number[]): number[] => {
      let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
      let [k0, k1] = key.map(BigInt) as [bigint, bigint]
      const mask = 0xffffffffn
      for (let round = 0; round < 10; round++) {
        const a = 0xd2511f53n * c0
        const b = 0xcd9e8d57n * c2
        ;[c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, b & mask, (a >> 32n) ^ c3 ^ k1, a & mask]
        k0 = (k0 + 0x9e3779b9n) & mask
        k1 = (k1 + 0xbb67ae85n) & mask
      }
      return [c0, c1, c2, c3].map(Number)
    }
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(philox4x32(counter, key)).toEqual(reference(counter, key))
      }),
    )
  })
})

describe('uniform', () => {
  it('takes its 53 bits from the first two words: (w0 >> 5) 2^26 + (w1 >> 6), over 2^53', () => {
    const expected = ((0x6627e8d5 >>> 5) * 2 ** 26 + (0xe169c58d >>> 6)) / 2 ** 53
    expect(uniform(0)).toBe(expected)
    expect(uniform(0, 0, 0, 0, 0)).toBe(expected)
  })

  it('depends on every key and on the seed beyond 32 bits', () => {
    const draws = [
      uniform(7, 1, 2, 3, 4),
      uniform(8, 1, 2, 3, 4),
      uniform(7 + 2 ** 32, 1, 2, 3, 4),
      uniform(7, 2, 2, 3, 4),
      uniform(7, 1, 3, 3, 4),
      uniform(7, 1, 2, 4, 4),
      uniform(7, 1, 2, 3, 5),
    ]
    expect(new Set(draws).size).toBe(draws.length)
    expect(uniform(7, 1, 2, 3, 4)).toBe(draws[0])
  })

  it('is uniform: mean 1/2 and variance 1/12 within five standard errors, 20,000 draws over position', () => {
    const n = 20_000
    let sum = 0
    let squares = 0
    for (let position = 0; position < n; position++) {
      const u = uniform(3, 1, 4, 1, position)
      expect(u >= 0 && u < 1).toBe(true)
      sum += u
      squares += (u - 0.5) ** 2
    }
    expect(Math.abs(sum / n - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n))
    // Var((u - 1/2)^2) = 1/80 - 1/144.
    expect(Math.abs(squares / n - 1 / 12)).toBeLessThan(5 * Math.sqrt((1 / 80 - 1 / 144) / n))
  })
})

describe('rngFrom', () => {
  it('repeats itself and differs between keys', () => {
    const take = (rng: () => number) => Array.from({ length: 5 }, rng)
    const first = take(rngFrom(1, 2))
    expect(take(rngFrom(1, 2))).toEqual(first)
    expect(take(rngFrom(1, 3))).not.toEqual(first)
    expect(take(rngFrom(2, 2))).not.toEqual(first)
  })

  it('is not disturbed by draws of another stream in between', () => {
    const alone = rngFrom(5)
    const expected = [alone(), alone(), alone(), alone()]
    const one = rngFrom(5)
    const other = rngFrom(6)
    const interleaved = expected.map(() => {
      other()
      uniform(5, 1)
      return one()
    })
    expect(interleaved).toEqual(expected)
  })

  it('does not repeat within 100,000 draws', () => {
    const rng = rngFrom(11, 1)
    expect(new Set(Array.from({ length: 100_000 }, rng)).size).toBe(100_000)
  })
})
