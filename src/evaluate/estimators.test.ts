import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rngFrom } from '../base/philox.js'
import { mean } from '../base/sample.js'
import { avgAtK, passAtK, powersUpTo } from './estimators.js'
import { bootstrapMean, bootstrapMeans, pairedDifference, quantile } from './estimators-bootstrap.js'
import { majAtK, type Vote } from './estimators-majority.js'

/** Every way to choose k of the items. */
function subsets<T>(items: readonly T[], k: number): T[][] {
  if (k === 0) return [[]]
  return items.flatMap((item, i) => subsets(items.slice(i + 1), k - 1).map((rest) => [item, ...rest]))
}

const outcome = fc
  .integer({ min: 1, max: 9 })
  .chain((samples) => fc.record({ samples: fc.constant(samples), correct: fc.nat(samples) }))

describe('passAtK', () => {
  it('is what brute force over all K of n samples finds', () => {
    fc.assert(
      fc.property(outcome, fc.double({ min: 0, max: 1, noNaN: true }), ({ samples, correct }, share) => {
        const k = 1 + Math.floor(share * (samples - 1))
        const all = subsets(
          Array.from({ length: samples }, (_, i) => i < correct),
          k,
        )
        const passed = all.filter((drawn) => drawn.some((right) => right)).length
        expect(passAtK({ samples, correct }, k)).toBeCloseTo(passed / all.length, 12)
      }),
    )
  })

  it.each([
    // 1 - C(16,8)/C(32,8) = 1 - 12870/10518300
    [32, 16, 8, 1 - 12870 / 10518300],
    // one right of 32: K/n
    [32, 1, 4, 4 / 32],
    // one wrong of 32: 1 unless K = 1
    [32, 31, 1, 31 / 32],
    [32, 31, 2, 1],
    // 1 - C(98,50)/C(100,50) = 1 - (50*49)/(100*99)
    [100, 2, 50, 1 - (50 * 49) / (100 * 99)],
    [5, 0, 5, 0],
  ])('n = %d, c = %d, K = %d', (samples, correct, k, expected) => {
    expect(passAtK({ samples, correct }, k)).toBeCloseTo(expected, 14)
  })

  it('stays exact where binomials leave float64', () => {
    // One right of 4096, K = 2048: K/n.
    expect(passAtK({ samples: 4096, correct: 1 }, 2048)).toBe(0.5)
    expect(passAtK({ samples: 1e6, correct: 2 }, 5e5)).toBeCloseTo(0.75, 6)
  })

  it('is the pass rate for K = 1 and grows with K', () => {
    fc.assert(
      fc.property(outcome, (each) => {
        expect(passAtK(each, 1)).toBeCloseTo(avgAtK(each), 14)
        const curve = Array.from({ length: each.samples }, (_, i) => passAtK(each, i + 1))
        for (let i = 1; i < curve.length; i++) expect(curve[i]!).toBeGreaterThanOrEqual(curve[i - 1]!)
      }),
    )
  })

  it('is unbiased: its expectation over binomial draws is 1 - (1-p)^K', () => {
    const [n, k, p] = [6, 3, 0.3]
    const choose = (m: number, j: number) =>
      subsets(
        Array.from({ length: m }, (_, i) => i),
        j,
      ).length
    let expectation = 0
    for (let c = 0; c <= n; c++) {
      expectation += choose(n, c) * p ** c * (1 - p) ** (n - c) * passAtK({ samples: n, correct: c }, k)
    }
    expect(expectation).toBeCloseTo(1 - 0.7 ** 3, 12)
  })

  it.each([0, 5, 1.5, Number.NaN])('refuses K = %d of 4 samples', (k) => {
    expect(() => passAtK({ samples: 4, correct: 1 }, k)).toThrow(RangeError)
  })

  it.each([
    { samples: 0, correct: 0 },
    { samples: 4, correct: 5 },
    { samples: 4, correct: -1 },
  ])('refuses %j', (wrong) => {
    expect(() => passAtK(wrong, 1)).toThrow(RangeError)
    expect(() => avgAtK(wrong)).toThrow(RangeError)
  })
})

describe('powersUpTo', () => {
  it.each([
    [1, [1]],
    [8, [1, 2, 4, 8]],
    [12, [1, 2, 4, 8, 12]],
  ])('%d', (n, expected) => {
    expect(powersUpTo(n)).toEqual(expected)
  })
})

describe('majAtK', () => {
  const vote = fc.oneof(
    fc.constant<Vote>({ answer: 'right', correct: true }),
    fc.constantFrom('a', 'b').map((answer): Vote => ({ answer, correct: false })),
    fc.constant<Vote>({ answer: null, correct: false }),
  )

  it('is what brute force over all K of n samples finds', () => {
    fc.assert(
      fc.property(fc.array(vote, { minLength: 1, maxLength: 9 }), fc.nat(), (votes, seed) => {
        const k = 1 + (seed % votes.length)
        const all = subsets(votes, k)
        let won = 0
        for (const drawn of all) {
          const tally = new Map<string, number>()
          for (const { answer } of drawn) if (answer !== null) tally.set(answer, (tally.get(answer) ?? 0) + 1)
          const best = Math.max(...tally.values())
          const leaders = [...tally].filter(([, count]) => count === best)
          if (leaders.some(([answer]) => answer === 'right')) won += 1 / leaders.length
        }
        expect(majAtK(votes, k)).toBeCloseTo(won / all.length, 12)
      }),
    )
  })

  const votes = (text: string): Vote[] => [...text].map((answer) => ({ answer, correct: answer === 'r' }))

  it.each([
    ['rrab', 1],
    ['rraa', 1 / 2],
    ['raa', 0],
    ['rab', 1 / 3],
  ])('of all votes in %s is %d', (text, expected) => {
    expect(majAtK(votes(text))).toBeCloseTo(expected, 14)
  })

  it('takes half-right candidates half', () => {
    expect(
      majAtK([
        { answer: 'x', correct: true },
        { answer: 'x', correct: false },
      ]),
    ).toBe(0.5)
  })

  it('is the pass rate for K = 1, and 0 where nobody votes', () => {
    expect(majAtK(votes('rrabbbb'), 1)).toBeCloseTo(2 / 7, 14)
    expect(majAtK([{ answer: null, correct: false }])).toBe(0)
    expect(() => majAtK(votes('ra'), 3)).toThrow(RangeError)
  })
})

describe('bootstrapMean', () => {
  it('has the width that the central limit theorem gives', () => {
    const rng = rngFrom(5)
    const values = Array.from({ length: 400 }, () => (rng() < 0.3 ? 1 : 0))
    const p = mean(values)
    const { mean: estimate, low, high } = bootstrapMean(values)
    expect(estimate).toBe(p)
    // 2 * 1.96 * sqrt(p (1-p) / n), within 5 %
    const width = 2 * 1.959964 * Math.sqrt((p * (1 - p)) / 400)
    expect((high - low) / width).toBeGreaterThan(0.95)
    expect((high - low) / width).toBeLessThan(1.05)
  })

  it('matches the exact bootstrap distribution of two values', () => {
    // Means 0, 1/2, 1 with chances 1/4, 1/2, 1/4: the middle half of them is 0 to 1/2 or 1/2 to 1 at its edges.
    expect(bootstrapMean([0, 1], { confidence: 0.4 })).toEqual({ mean: 0.5, low: 0.5, high: 0.5 })
    expect(bootstrapMean([0, 1], { confidence: 0.9 })).toEqual({ mean: 0.5, low: 0, high: 1 })
  })

  it('repeats with its seed and holds still for equal values', () => {
    const values = [0.1, 0.9, 0.4, 0.7, 0.2]
    expect(bootstrapMean(values, { seed: 3 })).toEqual(bootstrapMean(values, { seed: 3 }))
    expect(bootstrapMean([0.5, 0.5])).toEqual({ mean: 0.5, low: 0.5, high: 0.5 })
  })

  it('resamples columns together, each as it is alone', () => {
    const columns = [
      [0.1, 0.9, 0.4],
      [1, 0, 0],
    ]
    expect(bootstrapMeans(columns, { seed: 2 })).toEqual(columns.map((each) => bootstrapMean(each, { seed: 2 })))
    expect(() => bootstrapMeans([[1, 2], [1]])).toThrow(RangeError)
  })

  it('refuses what has no mean', () => {
    expect(() => bootstrapMean([])).toThrow(RangeError)
    expect(() => bootstrapMean([1], { confidence: 1 })).toThrow(RangeError)
    expect(() => bootstrapMean([1], { resamples: 0 })).toThrow(RangeError)
  })

  it('takes quantiles between neighbours', () => {
    expect(quantile([0, 1, 2, 3], 0.5)).toBe(1.5)
    expect(quantile([0, 1, 2, 3], 1)).toBe(3)
    expect(quantile([7], 0.3)).toBe(7)
  })
})

describe('pairedDifference', () => {
  it('counts all signs of few problems', () => {
    // Sums of +-1, +-2, +-3 with absolute value at least 6: two of eight.
    expect(pairedDifference([0, 0, 0], [1, 2, 3]).pValue).toBe(2 / 8)
    expect(pairedDifference([0, 0, 0], [1, 2, 3]).mean).toBe(2)
    expect(pairedDifference([1, 2], [1, 2])).toEqual({ mean: 0, low: 0, high: 0, pValue: 1 })
  })

  it('draws signs of many problems, near the normal approximation', () => {
    // 100 differences of +-1, 60 of them positive: |sum| >= 20 is |z| >= 19/10 with continuity, p = 0.0574.
    const b = Array.from({ length: 100 }, (_, i) => (i < 60 ? 1 : -1))
    const { pValue } = pairedDifference(new Array(100).fill(0), b)
    expect(Math.abs(pValue - 0.0574)).toBeLessThan(0.01)
  })

  it('sees a small steady difference that the two intervals apart would hide', () => {
    const a = Array.from({ length: 50 }, (_, i) => i / 50)
    const { low, pValue } = pairedDifference(
      a,
      a.map((value, i) => value + (i % 5 === 0 ? 0 : 0.01)),
    )
    expect(low).toBeGreaterThan(0)
    expect(pValue).toBeLessThan(0.001)
  })

  it('has the interval of all resamples of few pairs, gone through one by one', () => {
    const [a, b] = [
      [0.2, 0.5, 0.1, 0.9],
      [0.4, 0.5, 0.7, 0.8],
    ]
    const differences = b.map((value, i) => value - a[i]!)
    const means: number[] = []
    for (let draw = 0; draw < 4 ** 4; draw++) {
      means.push([0, 1, 2, 3].reduce((sum, place) => sum + differences[Math.floor(draw / 4 ** place) % 4]!, 0) / 4)
    }
    means.sort((x, y) => x - y)
    const { low, high } = pairedDifference(a, b, { resamples: 40_000 })
    expect(Math.abs(low - quantile(means, 0.025))).toBeLessThan(0.03)
    expect(Math.abs(high - quantile(means, 0.975))).toBeLessThan(0.03)
  })

  it('refuses unequal lengths', () => {
    expect(() => pairedDifference([1], [1, 2])).toThrow(RangeError)
  })
})
