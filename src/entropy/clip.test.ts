import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import type { ClipTokens } from './clip.js'
import type { ClipOptions } from './clip-options.js'
import { clipB } from './methods/clip-b.js'
import { clipV } from './methods/clip-v.js'

interface Columns {
  S: number[]
  expectedS?: number[]
  advantage?: number[]
  isPolicyToken?: number[]
}

const batch = ({ S, expectedS, advantage, isPolicyToken }: Columns): ClipTokens => ({
  S: Float64Array.from(S),
  expectedS: Float64Array.from(expectedS ?? S.map(() => 0)),
  advantage: Float64Array.from(advantage ?? S.map(() => 1)),
  isPolicyToken: Uint8Array.from(isPolicyToken ?? S.map(() => 1)),
})

const paper = (muLow: number, muHigh: number, more: ClipOptions = {}): ClipOptions => ({ muLow, muHigh, ...more })

describe('Clip_B', () => {
  // mean (0 + 0 + 0 + 4) / 4 = 1, variance (1 + 1 + 1 + 9) / 4 = 3
  const S = [0, 0, 0, 4]

  it('keeps what lies within mu sigma of the mean', () => {
    const result = clipB(batch({ S }), paper(1, 1))
    expect([...result.mask]).toEqual([1, 1, 1, 0])
    expect(result.mean).toBe(1)
    expect(result.sigma).toBe(Math.sqrt(3))
    expect(result.low).toBe(1 - Math.sqrt(3))
    expect(result.high).toBe(1 + Math.sqrt(3))
    expect([result.maskedLow, result.maskedHigh]).toEqual([0, 1])
  })

  it('includes its bounds', () => {
    // mean 0, sigma 1: both scores lie exactly on the bounds at mu 1, and outside at any smaller mu
    const tokens = batch({ S: [-1, 1, -1, 1] })
    expect([...clipB(tokens, paper(1, 1)).mask]).toEqual([1, 1, 1, 1])
    const inside = clipB(tokens, paper(1, 0.999))
    expect([...inside.mask]).toEqual([1, 0, 1, 0])
    expect([inside.maskedLow, inside.maskedHigh]).toEqual([0, 2])
  })

  it('leaves a side open at Infinity, also where sigma is 0', () => {
    const open = clipB(batch({ S }), paper(0, Number.POSITIVE_INFINITY))
    expect([...open.mask]).toEqual([0, 0, 0, 1])
    expect(open.high).toBe(Number.POSITIVE_INFINITY)
    expect(open.maskedLow).toBe(3)
    const flat = clipB(batch({ S: [2, 2] }), paper(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))
    expect([flat.low, flat.high]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
  })

  it('masks nothing where sigma is 0, however the equal scores round', () => {
    // 0.1 + 0.1 + 0.1 is not 0.3 in binary: a naive mean is off and its sigma is not 0
    const result = clipB(batch({ S: [0.1, 0.1, 0.1] }), paper(0, 0))
    expect(result.sigma).toBe(0)
    expect([...result.mask]).toEqual([1, 1, 1])
  })

  it('takes mean and sigma over all policy tokens whatever their advantage', () => {
    // the outlier has A = 0: it widens sigma and stays
    const result = clipB(batch({ S: [0, 0, 0, 4], advantage: [1, -1, 1, 0] }), paper(0.5, 0.5))
    expect(result.sigma).toBe(Math.sqrt(3))
    // the others lie at -1, outside -0.5 sqrt(3) = -0.87
    expect([...result.mask]).toEqual([0, 0, 0, 1])
  })

  it('never looks at non-policy tokens, and gives them no gradient', () => {
    const withPrompt = clipB(
      batch({ S: [Number.NaN, 0, 0, 0, 4, 1e9], isPolicyToken: [0, 1, 1, 1, 1, 0] }),
      paper(1, 1),
    )
    expect([...withPrompt.mask]).toEqual([0, 1, 1, 1, 0, 0])
    expect(withPrompt.sigma).toBe(Math.sqrt(3))
  })

  it('applies to one sign of the advantage', () => {
    const tokens = batch({ S: [-2, 2, -2, 2, 0], advantage: [1, 1, -1, -1, -0] })
    // mean 0, sigma sqrt(16 / 5) = 1.79
    expect([...clipB(tokens, paper(1, 1)).mask]).toEqual([0, 0, 0, 0, 1])
    expect([...clipB(tokens, paper(1, 1, { applyTo: 'negative' })).mask]).toEqual([1, 1, 0, 0, 1])
    expect([...clipB(tokens, paper(1, 1, { applyTo: 'positive' })).mask]).toEqual([0, 0, 1, 1, 1])
  })

  it('masks at most floor(maxFraction x eligible), farthest first, ties to the lower index', () => {
    // mean 0; distances 3, 3, 5, 1, 1, 5 with A = 0 at the last
    const tokens = batch({ S: [3, -3, -5, 1, -1, 5], advantage: [1, 1, 1, 1, 1, 0] })
    const masked = (maxFraction: number) => [...clipB(tokens, paper(0.5, 0.5, { maxFraction })).mask]
    expect(masked(0)).toEqual([1, 1, 1, 1, 1, 1])
    expect(masked(0.39)).toEqual([1, 1, 0, 1, 1, 1]) // floor(0.39 x 5) = 1
    expect(masked(0.4)).toEqual([0, 1, 0, 1, 1, 1]) // floor(0.4 x 5) = 2: index 0 before index 1
    expect(masked(0.6)).toEqual([0, 0, 0, 1, 1, 1])
    expect(masked(1)).toEqual([0, 0, 0, 1, 1, 1]) // 1 lies within 0.5 sigma = 1.71
  })

  it('has the preset of the released code: A < 0, lower side, 2.5 sigma', () => {
    // 99 scores of 0 and one of -1: mean -0.01, sigma sqrt(0.01 - 0.0001) = 0.0995, z = -9.95
    const S = [...Array<number>(99).fill(0), -1]
    const high = [...Array<number>(99).fill(0), 1]
    const negative = S.map(() => -1)
    expect(clipB(batch({ S, advantage: negative }), { preset: 'trinity' }).maskedLow).toBe(1)
    expect(clipB(batch({ S }), { preset: 'trinity' }).maskedLow).toBe(0)
    expect(clipB(batch({ S: high, advantage: negative }), { preset: 'trinity' }).maskedHigh).toBe(0)
    // what is given wins over the preset
    expect(clipB(batch({ S }), { preset: 'trinity', applyTo: 'positive' }).maskedLow).toBe(1)
    expect(clipB(batch({ S, advantage: negative }), { preset: 'trinity', muLow: 10 }).maskedLow).toBe(0)
    expect(clipB(batch({ S: high, advantage: negative }), { preset: 'trinity', muHigh: 5 }).maskedHigh).toBe(1)
  })
})

describe('Clip_V', () => {
  it('clips Sc = S - E[S] around 0, with sigma around the mean', () => {
    // Sc = [1, 1, 1, 5]: mean 2, variance (1 + 1 + 1 + 9) / 4 = 3
    const result = clipV(batch({ S: [2, 3, 4, 9], expectedS: [1, 2, 3, 4] }), paper(1, 1))
    expect(result.mean).toBe(2)
    expect(result.sigma).toBe(Math.sqrt(3))
    expect([result.low, result.high]).toEqual([-Math.sqrt(3), Math.sqrt(3)])
    expect([...result.mask]).toEqual([1, 1, 1, 0])
    // Clip_B would centre on 2 and drop all four at mu 0.5: distances 1, 1, 1, 3 against 0.87
    expect([...clipV(batch({ S: [1, 1, 1, 5] }), paper(0.5, 0.5)).mask]).toEqual([0, 0, 0, 0])
    expect([...clipV(batch({ S: [1, 1, 1, 5] }), paper(0.5, 0.6)).mask]).toEqual([1, 1, 1, 0])
  })

  it('subtracts in float64', () => {
    // in float32, 1 + 2^-24 and 1 are one number; their difference here is not 0
    const tokens = {
      S: Float32Array.from([1, 1, 1]),
      expectedS: Float64Array.from([1 - 2 ** -30, 1, 1]),
      advantage: Float32Array.from([1, 1, 1]),
      isPolicyToken: Uint8Array.from([1, 1, 1]),
    }
    expect([...clipV(tokens, paper(1, 1)).mask]).toEqual([0, 1, 1])
  })

  it('has the preset of the released code: A < 0, lower side, 8.5 sigma, a cap on the count', () => {
    // 9997 zeros and three of about -1: sigma about sqrt(3e-4) = 0.017, z about -58
    const tokens = (n: number) => {
      const S = Array<number>(n).fill(0)
      S[10] = -1
      S[20] = -1.5
      S[30] = -1
      return batch({ S, advantage: S.map(() => -1) })
    }
    const one = clipV(tokens(10_000), { preset: 'trinity' }) // max(1, int(1.0)) = 1
    expect(one.maskedLow).toBe(1)
    expect(one.mask[20]).toBe(0)
    expect(clipV(tokens(19_999), { preset: 'trinity' }).maskedLow).toBe(1) // int(1.9999) = 1
    const two = clipV(tokens(20_000), { preset: 'trinity' }) // int(2.0) = 2, the tie at -1 goes to index 10
    expect([two.mask[10], two.mask[20], two.mask[30]]).toEqual([0, 0, 1])
    // a small batch still gets one; a given maxFraction replaces the count
    expect(clipV(tokens(1000), { preset: 'trinity' }).maskedLow).toBe(1)
    expect(clipV(tokens(1000), { preset: 'trinity', maxFraction: 1 }).maskedLow).toBe(3)
    expect(clipV(tokens(1000), { preset: 'trinity', maxFraction: 0 }).maskedLow).toBe(0)
  })

  it('counts the cap of the released code over policy tokens, not eligible ones', () => {
    const S = Array<number>(20_000).fill(0)
    const advantage = S.map(() => 0)
    for (const i of [5, 6, 7]) {
      S[i] = -1
      advantage[i] = -1
    }
    expect(clipV(batch({ S, advantage }), { preset: 'trinity' }).maskedLow).toBe(2)
  })
})

describe.each([
  ['Clip_B', clipB],
  ['Clip_V', clipV],
])('%s refuses', (_, clip) => {
  const ok = batch({ S: [0, 1] })

  it.each<[string, ClipOptions, RegExp]>([
    ['no mu', {}, /muLow is not given/],
    ['one mu', { muLow: 1 }, /muHigh is not given/],
    ['no mu under paper', { preset: 'paper' }, /preset paper has no default/],
    ['a negative mu', { muLow: 1, muHigh: -1 }, /muHigh is -1/],
    ['mu NaN', { muLow: Number.NaN, muHigh: 1 }, /muLow is NaN/],
    ['maxFraction above 1', { muLow: 1, muHigh: 1, maxFraction: 1.01 }, /maxFraction is 1.01/],
    ['maxFraction NaN', { muLow: 1, muHigh: 1, maxFraction: Number.NaN }, /maxFraction is NaN/],
    ['an unknown preset', { preset: 'other' as 'paper' }, /no preset "other"/],
    ['an unknown sign', { muLow: 1, muHigh: 1, applyTo: 'some' as 'all' }, /applyTo is "some"/],
  ])('%s', (_name, options, message) => {
    expect(() => clip(ok, options)).toThrow(UserError)
    expect(() => clip(ok, options)).toThrow(message)
  })

  it('a batch without policy tokens', () => {
    expect(() => clip(batch({ S: [] }), paper(1, 1))).toThrow(/no policy tokens/)
    expect(() => clip(batch({ S: [1], isPolicyToken: [0] }), paper(1, 1))).toThrow(/no policy tokens/)
  })

  it('scores whose variance overflows', () => {
    expect(() => clip(batch({ S: [1e200, -1e200] }), paper(1, 1))).toThrow(/standard deviation is Infinity/)
  })

  it.each(['S', 'expectedS', 'advantage'] as const)('a %s that is not finite, or of another length', (name) => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const tokens = batch({ S: [0, 1] })
      tokens[name][1] = bad
      expect(() => clip(tokens, paper(1, 1))).toThrow(`${name} of token 1 is ${bad}`)
    }
    const short = { ...ok, [name]: new Float32Array(1) }
    expect(() => clip(short, paper(1, 1))).toThrow(`${name} has 1 entries, isPolicyToken 2`)
  })
})

describe('properties of both clips', () => {
  const column = fc.record({
    // multiples of 1/8: sums are exact and no score lies on a bound of an odd mu, so the oracle agrees on every token
    S: fc.integer({ min: -80, max: 80 }).map((x) => x / 8),
    expectedS: fc.integer({ min: 0, max: 80 }).map((x) => x / 8),
    advantage: fc.integer({ min: -2, max: 2 }),
    isPolicyToken: fc.integer({ min: 0, max: 1 }),
  })
  const columns = fc
    .array(column, { minLength: 1, maxLength: 64 })
    .filter((rows) => rows.some((row) => row.isPolicyToken === 1))
  const options = fc.record({
    muLow: fc.constantFrom(0, 0.3123, 1.1417, Number.POSITIVE_INFINITY),
    muHigh: fc.constantFrom(0, 0.3123, 1.1417, Number.POSITIVE_INFINITY),
    applyTo: fc.constantFrom('all' as const, 'negative' as const, 'positive' as const),
    maxFraction: fc.constantFrom(0, 0.1, 0.5, 1),
  })
  type Row = typeof column extends fc.Arbitrary<infer T> ? T : never
  const toBatch = (rows: Row[]) =>
    batch({
      S: rows.map((row) => row.S),
      expectedS: rows.map((row) => row.expectedS),
      advantage: rows.map((row) => row.advantage),
      isPolicyToken: rows.map((row) => row.isPolicyToken),
    })

  it.each(['B', 'V'] as const)('Clip_%s is the brute force over rows', (name) => {
    fc.assert(
      fc.property(columns, options, (rows, o) => {
        const result = (name === 'B' ? clipB : clipV)(toBatch(rows), o)
        const scored = rows.map((row, i) => ({ ...row, i, score: name === 'B' ? row.S : row.S - row.expectedS }))
        const policy = scored.filter((row) => row.isPolicyToken)
        const mean = policy.reduce((sum, row) => sum + row.score, 0) / policy.length
        const sigma = Math.sqrt(policy.reduce((sum, row) => sum + (row.score - mean) ** 2, 0) / policy.length)
        const eligible = policy.filter(
          (row) =>
            ({ all: true, negative: row.advantage < 0, positive: row.advantage > 0 })[o.applyTo] && row.advantage,
        )
        const centre = name === 'B' ? mean : 0
        const z = (score: number) => (score - centre) / sigma
        const masked = eligible
          .filter((row) => sigma > 0 && (z(row.score) < -o.muLow || z(row.score) > o.muHigh))
          .sort((a, b) => Math.abs(z(b.score)) - Math.abs(z(a.score)) || a.i - b.i)
          .slice(0, Math.floor(o.maxFraction * eligible.length))
        expect(result.sigma).toBeCloseTo(sigma, 12)
        expect(result.mean).toBeCloseTo(mean, 12)
        const dropped = new Set(masked.map((row) => row.i))
        expect([...result.mask]).toEqual(rows.map((row, i) => (row.isPolicyToken && !dropped.has(i) ? 1 : 0)))
        expect(result.maskedLow).toBe(masked.filter((row) => row.score < centre).length)
        expect(result.maskedHigh).toBe(masked.filter((row) => row.score > centre).length)
      }),
    )
  })

  it('mask what lies outside the bounds that they report, to the last digit', () => {
    const finite = fc.double({ min: -2, max: 2, noNaN: true })
    const scores = fc.array(fc.record({ S: finite, expectedS: finite }), { minLength: 1, maxLength: 8 })
    fc.assert(
      // At mu 1 both scores of a batch of two lie on the bounds, up to rounding.
      fc.property(scores, fc.constantFrom(0, 1, 1.5), (rows, mu) => {
        const tokens = batch({ S: rows.map(({ S }) => S), expectedS: rows.map(({ expectedS }) => expectedS) })
        for (const name of ['B', 'V'] as const) {
          const { mask, low, high, sigma } = (name === 'B' ? clipB : clipV)(tokens, paper(mu, mu))
          const kept = rows.map(({ S, expectedS }) => {
            const score = name === 'B' ? S : S - expectedS
            return sigma === 0 || (low <= score && score <= high) ? 1 : 0
          })
          expect([...mask]).toEqual(kept)
        }
      }),
    )
  })

  it('do not depend on the scale of the scores', () => {
    fc.assert(
      fc.property(columns, options, fc.constantFrom(0.25, 2, 1024), (rows, o, scale) => {
        const scaled = rows.map((row) => ({ ...row, S: row.S * scale, expectedS: row.expectedS * scale }))
        for (const clip of [clipB, clipV]) {
          expect([...clip(toBatch(scaled), o).mask]).toEqual([...clip(toBatch(rows), o).mask])
        }
      }),
    )
  })

  it('see the whole batch: statistics of micro-batches of one would mask nothing', () => {
    const rows = [0, 0, 0, 0, 8].map((S) => ({ S, expectedS: 0, advantage: 1, isPolicyToken: 1 }))
    const perToken = rows.map((row) => clipB(toBatch([row]), paper(1, 1)).mask[0])
    expect(perToken).toEqual([1, 1, 1, 1, 1])
    expect([...clipB(toBatch(rows), paper(1, 1)).mask]).toEqual([1, 1, 1, 1, 0])
  })
})
