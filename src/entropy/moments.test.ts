import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moments, scores, scoreToken } from './moments.js'

interface Golden {
  name: string
  repeat: [number | '-inf', number][]
  [moment: string]: unknown
}
const golden: Golden[] = JSON.parse(
  readFileSync(new URL('../../test/golden/entropy-moments.json', import.meta.url), 'utf8'),
)
const logitsOf = ({ repeat }: Golden): number[] =>
  repeat.flatMap(([z, times]) => Array<number>(times).fill(z === '-inf' ? Number.NEGATIVE_INFINITY : z))

/** Within `digits` significant digits; an exact 0 must be 0. */
function expectRelative(actual: number, expected: number, digits: number, what: string) {
  const error = expected === 0 ? Math.abs(actual) : Math.abs(actual - expected) / Math.abs(expected)
  expect(error, `${what}: ${actual} for ${expected}`).toBeLessThan(10 ** -digits)
}

describe('against 80 decimal digits (test/golden/entropy-moments.py)', () => {
  it.each(golden.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const logits = logitsOf(row)
    const m = moments(logits)
    // sums of 150,000 terms lose up to 150,000 x 2^-53 = 2e-11, and the moments are made of several
    for (const name of ['logZ', 'entropy', 'sumP2', 'sumP2LogP', 'expectedS', 'sumS2'] as const) {
      expectRelative(m[name], Number(row[name]), 10, name)
    }
    const s = scores(logits)
    expect(s).toMatchObject(m)
    const top = logits.indexOf(Math.max(...new Set(logits)))
    expectRelative(s.S[top], Number(row.topS), 10, 'S of the most likely')
    // down to 1e-58, where S - E[S] as it stands would be 0
    expectRelative(s.centredS[top], Number(row.topCentredS), 10, 'Sc of the most likely')
  })
})

describe('temperature', () => {
  it('is the division of the logits', () => {
    const z = [1.5, -2, 0.25, 3]
    const halved = z.map((value) => value / 2)
    expect(moments(z, { temperature: 2 })).toEqual(moments(halved))
    expect(scores(z, { temperature: 2 })).toEqual(scores(halved))
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (temperature) => {
    expect(() => moments([0, 1], { temperature })).toThrow(`temperature is ${temperature}`)
  })
})

describe('edges', () => {
  it('has one token only', () => {
    const only = { logZ: 7, entropy: 0, sumP2: 1, sumP2LogP: 0, expectedS: 0, sumS2: 0 }
    expect(moments([7])).toEqual(only)
    expect(moments([Number.NEGATIVE_INFINITY, 7])).toEqual(only)
  })

  it('gives impossible tokens probability 0 and score 0', () => {
    const s = scores([0, Number.NEGATIVE_INFINITY, 0])
    expect(s.logprobs[1]).toBe(Number.NEGATIVE_INFINITY)
    expect(s.S[1]).toBe(0)
    expect(s.entropy).toBeCloseTo(Math.log(2), 15)
  })

  it('survives logits whose difference is infinite in float64', () => {
    const m = moments([1e308, -1e308])
    expect(m).toEqual({ logZ: 1e308, entropy: 0, sumP2: 1, sumP2LogP: 0, expectedS: 0, sumS2: 0 })
  })

  it('refuses what is no distribution', () => {
    expect(() => moments([])).toThrow('no logits')
    expect(() => moments([0, Number.NaN])).toThrow('logit 1 is NaN')
    expect(() => moments([0, Number.POSITIVE_INFINITY])).toThrow('logit 1 is Infinity')
    expect(() => moments([Number.NEGATIVE_INFINITY])).toThrow('all logits are -Infinity')
    expect(() => scoreToken([0, 1], 2)).toThrow('token 2 lies outside the vocabulary of 2')
    expect(() => scoreToken([0, 1], 0.5)).toThrow('token 0.5')
  })
})

it('scoreToken picks the token', () => {
  const z = [0.5, -1, 2]
  const s = scores(z)
  expect(scoreToken(z, 1)).toEqual({
    logprob: s.logprobs[1],
    S: s.S[1],
    centredS: s.centredS[1],
    expectedS: s.expectedS,
    entropy: s.entropy,
  })
})

describe('properties', () => {
  const logit = fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: -30, max: 30, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: -800, max: 800, noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(Number.NEGATIVE_INFINITY) },
  )
  const logits = fc
    .array(logit, { minLength: 1, maxLength: 40 })
    .filter((z) => z.some((value) => value > Number.NEGATIVE_INFINITY))
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)

  it('sum p = 1, sum S = 0, E_p[Sc] = 0', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const { logprobs, S, centredS } = scores(z)
        const p = logprobs.map(Math.exp)
        expect(sum(p)).toBeCloseTo(1, 12)
        // relative to the scores, which may all be tiny, down to where float64 has no digits left
        const size = sum(S.map(Math.abs)) + 1e-300
        expect(Math.abs(sum(S))).toBeLessThanOrEqual(1e-12 * size)
        expect(Math.abs(sum(centredS.map((value, i) => p[i] * value)))).toBeLessThanOrEqual(1e-12 * size)
      }),
    )
  })

  it('0 <= H <= log V, 1/V <= sum p^2 <= 1, Sc <= S', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const { entropy, sumP2, expectedS, S, centredS } = scores(z)
        expect(entropy).toBeGreaterThanOrEqual(0)
        expect(entropy).toBeLessThanOrEqual(Math.log(z.length) + 1e-12)
        expect(sumP2).toBeGreaterThanOrEqual(1 / z.length - 1e-12)
        expect(sumP2).toBeLessThanOrEqual(1 + 1e-12)
        expect(expectedS).toBeGreaterThanOrEqual(0)
        for (let i = 0; i < z.length; i++) expect(centredS[i]).toBeLessThanOrEqual(S[i] + 1e-16)
      }),
    )
  })

  it('S > 0 exactly where p > e^-H', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const { entropy, logprobs, S } = scores(z)
        for (let i = 0; i < z.length; i++) {
          const margin = logprobs[i] + entropy
          // on the border itself rounding decides; where p underflows S is 0
          if (Math.abs(margin) < 1e-9 || logprobs[i] < -700) continue
          expect(Math.sign(S[i])).toBe(Math.sign(margin))
        }
      }),
    )
  })

  it('E_p[S] is H sum p^2 + sum p^2 log p, and Cov_p(p, log p)', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const { entropy, sumP2, sumP2LogP, expectedS, logprobs } = scores(z)
        expect(expectedS).toBeCloseTo(entropy * sumP2 + sumP2LogP, 12)
        const p = logprobs.map(Math.exp)
        const covariance = sum(p.map((value, i) => (value === 0 ? 0 : value * (value - sumP2) * logprobs[i])))
        expect(expectedS).toBeCloseTo(covariance, 11)
      }),
    )
  })

  it('follows a permutation and ignores a shift', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: -50, max: 50 }), (z, shift) => {
        const m = moments(z)
        const other = moments(z.toReversed().map((value) => value + shift))
        expect(other.logZ).toBeCloseTo(m.logZ + shift, 10)
        for (const name of ['entropy', 'sumP2', 'sumP2LogP', 'expectedS', 'sumS2'] as const) {
          expect(other[name]).toBeCloseTo(m[name], 10)
        }
        const S = scores(z).S
        const reversed = scores(z.toReversed()).S
        for (let i = 0; i < z.length; i++) expect(reversed[z.length - 1 - i]).toBeCloseTo(S[i], 12)
      }),
    )
  })

  it('sum S^2 is what it says', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const { sumS2, S } = scores(z)
        expect(Math.abs(sumS2 - sum(S.map((value) => value * value)))).toBeLessThanOrEqual(1e-12 * sumS2)
      }),
    )
  })
})
