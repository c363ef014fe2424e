import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { rngFrom } from '../base/philox.js'
import { moments, scoreToken } from '../entropy/moments.js'
import { fromData, fromIndices, liveTensors, scope } from '../torch/index.js'
import { emptyStatistics, setStatistics } from './statistics.js'
import { rowMoments, shiftedRows, tensorMoments, tokenScores } from './tensor-moments.js'

beforeAll(startTestEngine)

/** Rows of float32 logits, so that both sides see the same numbers. */
function rowsOf(count: number, V: number, logit: (random: () => number, i: number) => number): Float32Array[] {
  return Array.from({ length: count }, (_, r) => {
    const random = rngFrom(7, r)
    return Float32Array.from({ length: V }, (_, i) => logit(random, i))
  })
}

function onTensors(rows: Float32Array[], targets: number[]) {
  const V = rows[0].length
  const flat = new Float32Array(rows.length * V)
  rows.forEach((row, r) => {
    flat.set(row, r * V)
  })
  return scope(() => {
    const { sums, targetX } = shiftedRows(fromData(flat, [rows.length, V]), fromIndices(targets, [rows.length, 1]))
    return sums.map((row, r) => {
      const result = rowMoments(row)
      return { ...result, ...tokenScores(result, targetX![r]) }
    })
  })
}

const cases: [string, Float32Array[]][] = [
  ['random', rowsOf(5, 1000, (random) => 6 * (random() - 0.5))],
  ['flat', rowsOf(2, 300, () => 1.25)],
  ['wide', rowsOf(4, 500, (random) => 60 * (random() - 0.5))],
  ['nearly one-hot', rowsOf(3, 200, (random, i) => (i === 17 ? 22 : random()))],
  ['one-hot', rowsOf(2, 100, (_, i) => (i === 5 ? 200 : 0))],
  ['two equal maxima', rowsOf(2, 50, (random, i) => (i === 3 || i === 40 ? 9 : random()))],
  ['a vocabulary of 150,000', rowsOf(2, 150_000, (random) => 12 * (random() + random() + random() - 1.5))],
]

describe('moments on tensors', () => {
  it.each(cases)('are those of float64: %s', (_, rows) => {
    const before = liveTensors()
    const targets = rows.map((row, r) =>
      r % 2 === 0 ? row.indexOf(row.reduce((a, b) => Math.max(a, b))) : (31 * r) % row.length,
    )
    const found = onTensors(rows, targets)
    rows.forEach((row, r) => {
      const expected = { ...moments(row), ...scoreToken(row, targets[r]) }
      const { entropy, sumP2, sumP2LogP, expectedS, sumS2, logprob, S } = found[r]
      // The interface's tolerances: 1e-4 (1 + |reference|) for nats, 1e-5 for the others.
      expect(Math.abs(entropy - expected.entropy)).toBeLessThan(1e-5 * (1 + expected.entropy))
      expect(Math.abs(logprob - expected.logprob)).toBeLessThan(1e-5 * (1 + Math.abs(expected.logprob)))
      for (const [name, value] of Object.entries({ sumP2, sumP2LogP, expectedS, sumS2, S })) {
        const reference = expected[name as 'S']
        expect({ name, off: Math.abs(value - reference) < 1e-6 * (1 + Math.abs(reference)) }).toEqual({
          name,
          off: true,
        })
      }
    })
    expect(liveTensors()).toBe(before)
  })

  it('keep the digits of a nearly one-hot row: entropy and 1 - sum p^2 to a relative 1e-5', () => {
    // p of the others is e^-22 each: float32 sums that held the maximum's 1 would lose them.
    const [row] = rowsOf(1, 200, (_, i) => (i === 17 ? 22 : 0))
    const [{ entropy, logprob, S }] = onTensors([row], [17])
    const expected = moments(row)
    const token = scoreToken(row, 17)
    expect(Math.abs(entropy / expected.entropy - 1)).toBeLessThan(1e-5)
    expect(Math.abs(logprob / token.logprob - 1)).toBeLessThan(1e-5)
    expect(Math.abs(S / token.S - 1)).toBeLessThan(1e-5)
  })

  it('of a one-hot row are 0, and never negative', () => {
    const [row] = onTensors([Float32Array.from({ length: 64 }, (_, i) => (i === 9 ? 300 : 0))], [9])
    expect(row).toMatchObject({ entropy: 0, logprob: 0, S: 0, sumP2: 1, sumS2: 0 })
    expect(row.sumP2LogP).toBeCloseTo(0, 12)
    expect(row.expectedS).toBeCloseTo(0, 12)
  })

  it('turn into not-a-number where a logit is not a number', () => {
    const bad = new Float32Array(16).fill(1)
    bad[3] = Number.NaN
    const [damaged, sound] = onTensors([bad, new Float32Array(16).fill(1)], [0, 0])
    expect(damaged.entropy).toBeNaN()
    expect(sound.entropy).toBeCloseTo(Math.log(16), 6)
  })
})

describe('tensorMoments', () => {
  const rows = rowsOf(4, 300, (random) => 20 * (random() - 0.5))
  const flat = Float32Array.from(rows.flatMap((row) => [...row]))

  it.each([1, 0.7])(
    'has all that moments and scoreToken say, at a temperature of %d, and leaves the logits alone',
    (T) => {
      // The engine keeps the constant T from its first use on.
      scope(() => tensorMoments(fromData(flat, [4, 300]), { temperature: T }))
      const before = liveTensors()
      scope(() => {
        const logits = fromData(flat, [4, 300])
        const tokens = [0, 17, 299, 5]
        tensorMoments(logits, { temperature: T, tokens }).forEach((found, r) => {
          const expected = {
            ...moments(rows[r], { temperature: T }),
            ...scoreToken(rows[r], tokens[r], { temperature: T }),
          }
          expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort())
          for (const [name, value] of Object.entries(expected)) {
            expect(Math.abs(found[name as 'S']! - value), name).toBeLessThan(1e-5 * (1 + Math.abs(value)))
          }
        })
        expect(tensorMoments(logits)[0]).not.toHaveProperty('S')
        expect(logits.toFloat32Array()).toEqual(flat)
      })
      expect(liveTensors()).toBe(before)
    },
  )

  it('refuses what is no matrix of logits, no temperature or no token of theirs', () => {
    scope(() => {
      const logits = fromData(flat, [4, 300])
      expect(() => tensorMoments(fromData(flat, [1200]))).toThrow('logits of shape [1200]: must be [R, V]')
      expect(() => tensorMoments(logits, { temperature: 0 })).toThrow('temperature is 0')
      expect(() => tensorMoments(logits, { tokens: [1] })).toThrow('1 tokens for 4 rows of logits')
      expect(() => tensorMoments(logits, { tokens: [1, 2, 300, 4] })).toThrow('token 300 lies outside the vocabulary')
    })
  })
})

describe('the centered score of the likeliest token', () => {
  /** Sc = sum_j p_j (S_k - S_j) in float64, summed over the others alone: no small difference of large numbers. */
  function reference(logits: Float32Array, k: number): number {
    const x = Float64Array.from(logits, (z) => z - logits[k])
    const a = x.reduce((sum, value) => sum + Math.exp(value), 0)
    const mean = x.reduce((sum, value) => sum + (value === 0 ? 0 : Math.exp(value) * value), 0) / a
    const S = x.map((value) => (Math.exp(value) / a) * (value - mean))
    return x.reduce((sum, value, j) => sum + (Math.exp(value) / a) * (S[k] - S[j]), 0)
  }

  it.each([
    ['far from one-hot', 2, 1e-5],
    ['1 - p near 1e-7', 20, 1e-5],
    ['1 - p near 1e-12', 32, 1e-5],
    ['1 - p near 1e-17, which float64 loses beside 1', 44, 1e-5],
    // The squares of e^x, a share of 1/60 here, are below what float32 holds.
    ['1 - p near 1e-30', 74, 0.05],
  ])('is that of float64: %s', (_, lead, tolerance) => {
    const row = Float32Array.from({ length: 60 }, (_, i) => (i === 11 ? lead : rngFrom(3, i)()))
    const [{ centredS, S, expectedS }] = onTensors([row], [11])
    const expected = reference(row, 11)
    expect(expected).toBeGreaterThan(0)
    expect(Math.abs(centredS / expected - 1)).toBeLessThan(tolerance)
    const recorded = emptyStatistics(1)
    setStatistics(recorded, 0, rowMoments(sumsOf(row)), 0)
    expect(recorded.S[0] - recorded.expectedS[0]).toBeGreaterThan(0)
    expect(Math.abs(recorded.expectedS[0] - expectedS)).toBeLessThan(2e-7 * expectedS)
    expect(recorded.S[0]).toBe(Math.fround(S))
  })

  it('is shared by a token that is as likely', () => {
    const row = Float32Array.from({ length: 60 }, (_, i) => (i === 11 || i === 40 ? 30 : 0))
    const [first, second] = onTensors([row, row], [11, 40])
    expect(second.centredS).toBe(first.centredS)
    expect(first.centredS).toBeGreaterThan(0)
  })

  const sumsOf = (row: Float32Array<ArrayBuffer>) => scope(() => shiftedRows(fromData(row, [1, row.length])).sums[0])
})
