/** Weights of whole completions, and baselines of whole groups. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupAdvantages } from '../../train/advantages.js'
import { entropyRatioClip } from './erc.js'
import { geometricRatio } from './gmpo.js'
import { quantileOf } from './quantile-advantage.js'
import type { MethodTokens } from './types.js'
import { vespoWeight } from './vespo.js'

const f64 = (...values: number[]) => Float64Array.from(values)
const flags = (...values: number[]) => Uint8Array.from(values)

/** Completions by the log-ratios of their tokens and their A; a token of `undefined` is not the policy's. */
function completions(given: { A: number; moved: (number | undefined)[] }[]): MethodTokens {
  const flat = given.flatMap(({ A, moved }) => moved.map((value) => ({ A, moved: value })))
  const zeros = new Float64Array(flat.length)
  return {
    S: zeros,
    expectedS: zeros,
    entropy: zeros,
    rolloutLogprob: new Float64Array(flat.length).fill(-2),
    logprob: Float64Array.from(flat, ({ moved }) => -2 + (moved ?? Number.NaN)),
    advantage: Float64Array.from(flat, ({ A }) => A),
    isPolicyToken: Uint8Array.from(flat, ({ moved }) => (moved === undefined ? 0 : 1)),
    starts: given.map((_, i) => given.slice(0, i).reduce((sum, { moved }) => sum + moved.length, 0)),
  }
}

describe('gmpo', () => {
  it('is the geometric mean of the ratios, each clipped on the side of A', () => {
    const tokens = completions([
      { A: 1, moved: [0.6, -0.6, 0.1] },
      { A: -1, moved: [0.6, -0.6, undefined] },
    ])
    const ratio = geometricRatio(tokens, { clipLow: 0.4, clipHigh: 0.4 })
    // (0.4 - 0.6 + 0.1) / 3 and (0.6 - 0.4) / 2.
    for (const t of [0, 1, 2]) expect(ratio[t]).toBeCloseTo(Math.exp(-0.1 / 3), 14)
    for (const t of [3, 4]) expect(ratio[t]).toBeCloseTo(Math.exp(0.1), 14)
  })

  it('clips nothing inside open bounds', () => {
    const tokens = completions([{ A: 1, moved: [3, -5] }])
    expect(geometricRatio(tokens, { clipLow: Infinity, clipHigh: Infinity })[0]).toBeCloseTo(Math.exp(-1), 14)
  })
})

describe('vespo', () => {
  const options = { kPositive: 2, lambdaPositive: 3, kNegative: 3, lambdaNegative: 2 }
  const weightOf = (A: number, ...moved: number[]) => vespoWeight(completions([{ A, moved }]), options)[0]

  it('is 1 at w = 1, and e^lambda w^k e^(-lambda w) elsewhere', () => {
    expect(weightOf(1, 0.3, -0.3)).toBeCloseTo(1, 14)
    // w = 2: e^3 4 e^-6 and e^2 8 e^-4.
    expect(weightOf(1, Math.log(4), -Math.log(2))).toBeCloseTo(4 * Math.exp(-3), 14)
    expect(weightOf(-1, Math.log(2))).toBeCloseTo(8 * Math.exp(-2), 14)
    expect(weightOf(0, Math.log(2))).toBeCloseTo(4 * Math.exp(-3), 14)
    // Its largest value is at w = k / lambda.
    expect(weightOf(1, Math.log(2 / 3))).toBeGreaterThan(weightOf(1, Math.log(0.6)))
    expect(weightOf(1, Math.log(2 / 3))).toBeGreaterThan(weightOf(1, Math.log(0.7)))
  })

  it('has the values of GRPOTrainer.get_gamma_weights in TRL 1.16, float64', () => {
    const moved = [
      [Math.log(2), 0],
      [-3, 0.5],
      [1, 1],
    ]
    const golden = [
      [0.1991482734714558, 0.10579468513150515, 2.5881086401219355e-7],
      [1.0826822658929018, 0.0034680250488165025, 0.001138421986504149],
    ]
    for (const [i, A] of [1, -1].entries()) {
      moved.forEach((each, k) => {
        expect(weightOf(A, ...each) / golden[i][k]).toBeCloseTo(1, 12)
      })
    }
  })

  it('is 0, not NaN, where the product is 0 or infinite', () => {
    expect(weightOf(1, ...Array<number>(200).fill(10))).toBe(0)
    expect(weightOf(-1, ...Array<number>(200).fill(-10))).toBe(0)
  })

  it('leaves tokens that are not the policy’s out of the product', () => {
    const tokens = completions([{ A: 1, moved: [Math.log(2), undefined] }])
    expect([...vespoWeight(tokens, options)]).toEqual([expect.closeTo(4 * Math.exp(-3), 14), 1])
  })
})

describe('erc', () => {
  it('trains strictly inside of the band, and at entropies of 0', () => {
    const tokens = {
      entropy: f64(1, 0.95, 0.951, 1.049, 1.05, 0, 1e-12, 9),
      rolloutEntropy: f64(1, 1, 1, 1, 1, 0, 0, Number.NaN),
      isPolicyToken: flags(1, 1, 1, 1, 1, 1, 1, 0),
    }
    // At 0.95 the 1e-8 of both sides decides, so that token is left to the formula.
    const mask = [...entropyRatioClip(tokens, { low: 0.95, high: 1.05 })]
    expect(mask.filter((_, t) => t !== 1 && t !== 4)).toEqual([1, 1, 1, 1, 1, 0])
    expect([
      ...entropyRatioClip({ ...tokens, entropy: f64(2, 0.1, 1, 1, 1, 0, 0, 1) }, { low: 0.2, high: 1.9 }),
    ]).toEqual([0, 0, 1, 1, 1, 1, 1, 0])
  })

  it('says what it lacks', () => {
    expect(() => entropyRatioClip({ entropy: f64(1), isPolicyToken: flags(1) }, { low: 0.9, high: 1.1 })).toThrow(
      'rolloutEntropy is missing',
    )
  })
})

describe('quantile advantages', () => {
  it('have the quantile of numpy’s inverted_cdf', () => {
    // numpy.quantile(x, q, method='inverted_cdf') for x = [3, 1, 4, 1, 5, 9, 2, 6].
    const x = [3, 1, 4, 1, 5, 9, 2, 6]
    const golden = [
      [0.05, 1],
      [0.125, 1],
      [0.25, 1],
      [0.26, 2],
      [0.4, 3],
      [0.5, 3],
      [0.51, 4],
      [0.875, 6],
      [0.9, 9],
      [1, 9],
    ]
    for (const [q, value] of golden) expect([q, quantileOf(x, q)]).toEqual([q, value])
    // 0.07 x 100 is 7.000000000000001 in binary.
    const hundred = Array.from({ length: 100 }, (_, i) => i)
    expect(quantileOf(hundred, 0.07)).toBe(6)
  })

  it('reward rare successes, and punish rare failures', () => {
    const pass = (successes: number) => [...Array(successes).fill(1), ...Array(10 - successes).fill(0)] as number[]
    const given = (successes: number) =>
      groupAdvantages([pass(successes)], 'group-nostd', (rewards) => quantileOf(rewards, 0.4))[0]
    // p <= 1 - K = 0.6: the baseline is 0; above it 1.
    expect(given(6)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    expect(given(7)).toEqual([0, 0, 0, 0, 0, 0, 0, -1, -1, -1])
    // sqrt(10 x 0.3 x 0.7 / 9) + 1e-4.
    const scaled = groupAdvantages([pass(7)], 'group', (rewards) => quantileOf(rewards, 0.4))[0]
    expect(scaled[9]).toBeCloseTo(-1 / (0.48304589153964794 + 1e-4), 12)
  })

  it('leave groups of equal rewards at 0, and depend on no order', () => {
    const reward = fc.constantFrom(0, 0.25, 1, 2)
    fc.assert(
      fc.property(
        fc.array(reward, { minLength: 2, maxLength: 12 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (x, k) => {
          const q = quantileOf(x, k)
          expect(x).toContain(q)
          expect(quantileOf([...x].reverse(), k)).toBe(q)
          // The definition: the smallest reward that at least a share k do not exceed.
          const share = (value: number) => x.filter((own) => own <= value).length / x.length
          expect(share(q)).toBeGreaterThanOrEqual(k - 1e-9)
          for (const smaller of x.filter((own) => own < q)) expect(share(smaller)).toBeLessThan(k)
          expect(groupAdvantages([Array(x.length).fill(x[0])], 'group', () => -9)[0]).toEqual(x.map(() => 0))
        },
      ),
    )
  })
})
