import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adaptCoefficient } from './adaptive-entropy.js'
import { clipCov } from './clip-cov.js'
import { sequenceRatio } from './gspo.js'
import { highEntropy } from './high-entropy.js'
import { klCov } from './kl-cov.js'
import { probWeight } from './prob-weight.js'
import { surrogate } from './surrogate.js'
import { tokenCovariance } from './token-covariance.js'
import type { MethodTokens } from './types.js'

const f64 = (...values: number[]) => Float64Array.from(values)
const flags = (...values: number[]) => Uint8Array.from(values)

function tokensOf(given: Partial<MethodTokens> & { isPolicyToken: Uint8Array }): MethodTokens {
  const zeros = new Float64Array(given.isPolicyToken.length)
  return {
    S: zeros,
    expectedS: zeros,
    advantage: zeros,
    entropy: zeros,
    logprob: zeros,
    rolloutLogprob: zeros,
    starts: [0],
    ...given,
  }
}

describe('dual clip', () => {
  const rule = { clipLow: 0.2, clipHigh: 0.2, dualClip: 3 }
  const at = (ratio: number, advantage: number) => surrogate(rule, { ratio, advantage, logprob: -1 })

  it('stops r above c where A < 0, and only there; at c itself it flows', () => {
    expect(at(4, -2)).toEqual({ value: -6, slope: 0, clipped: true })
    expect(at(3, -2)).toEqual({ value: -6, slope: -6, clipped: false })
    expect(at(2, -2)).toEqual({ value: -4, slope: -4, clipped: false })
    expect(at(4, 2)).toEqual({ value: 2.4, slope: 0, clipped: true })
  })
})

describe('CISPO', () => {
  it('bounds the weight and never the gradient', () => {
    const rule = { surrogate: 'weight', clipLow: 0.5, clipHigh: 1 } as const
    const slope = (ratio: number) => surrogate(rule, { ratio, advantage: -3, logprob: -0.5 }).slope
    expect([0.1, 0.5, 1.5, 2, 9].map(slope)).toEqual([-1.5, -1.5, -4.5, -6, -6])
    expect(surrogate(rule, { ratio: 9, advantage: -3, logprob: -0.5 })).toEqual({ value: 3, slope: -6, clipped: false })
  })
})

describe('GSPO', () => {
  it('gives a completion the geometric mean of its policy tokens’ ratios', () => {
    const tokens = tokensOf({
      logprob: f64(-1, -2, -3, -1, -1, 9),
      rolloutLogprob: f64(-1.5, -1.75, -3, -2, 7, -9),
      isPolicyToken: flags(1, 1, 1, 1, 0, 0),
      starts: [0, 3, 5],
    })
    // (0.5 - 0.25 + 0) / 3 and 1; the third completion has no policy token.
    const [a, b] = [Math.exp(0.25 / 3), Math.E]
    const found = [...sequenceRatio(tokens)]
    for (const [t, value] of [a, a, a, b, b, 1].entries()) expect(found[t]).toBeCloseTo(value, 14)
  })
})

describe('high-entropy tokens', () => {
  const entropy = f64(0.1, 0.9, 0.5, 9, 0.5, 0.2)
  const isPolicyToken = flags(1, 1, 1, 0, 1, 1)

  it('keeps the top share of the policy tokens, ties to the lower index', () => {
    expect(highEntropy({ entropy, isPolicyToken }, { share: 0.4 })).toEqual(flags(0, 1, 1, 0, 0, 0))
    expect(highEntropy({ entropy, isPolicyToken }, { share: 0.79 })).toEqual(flags(0, 1, 1, 0, 1, 0))
    expect(highEntropy({ entropy, isPolicyToken }, { share: 1 })).toEqual(isPolicyToken)
  })

  it('keeps one token at least', () => {
    expect(highEntropy({ entropy, isPolicyToken }, { share: 0.01 })).toEqual(flags(0, 1, 0, 0, 0, 0))
  })
})

describe('probability-weighted updating', () => {
  it('is a p + 1 - a at policy tokens', () => {
    const logprob = f64(Math.log(0.5), 0, Number.NaN)
    const found = probWeight({ logprob, isPolicyToken: flags(1, 1, 0) }, { alpha: 0.3 })
    expect(found[0]).toBeCloseTo(0.15 + 0.7, 14)
    expect([found[1], found[2]]).toEqual([1, 1])
  })
})

// A = 1, 1, -1, -1 and log p = 0, -4, -4, 0 (means 0 and -2): covariances 2, -2, 2, -2.
const four = tokensOf({
  advantage: f64(1, 1, -1, -1, 50),
  logprob: f64(0, -4, -4, 0, 50),
  isPolicyToken: flags(1, 1, 1, 1, 0),
})
const key = { seed: 7, step: 2, update: 0 }

describe('Clip-Cov', () => {
  it('has means over the policy tokens', () => {
    expect([...tokenCovariance(four)]).toEqual([2, -2, 2, -2, 0])
  })

  it('drops only tokens strictly within the band that no clip has stopped', () => {
    const all = { share: 1, low: 1, high: 5 }
    expect(clipCov(four, all, key)).toEqual(flags(0, 1, 0, 1, 0))
    expect(clipCov(four, all, key, flags(1, 0, 0, 0, 0))).toEqual(flags(1, 1, 0, 1, 0))
    expect(clipCov(four, { ...all, low: 2 }, key)).toEqual(four.isPolicyToken)
    expect(clipCov(four, { ...all, high: 2 }, key)).toEqual(four.isPolicyToken)
  })

  const random = (length: number) => {
    const wave = (t: number, by: number) => Math.sin(t * by) * 3
    return tokensOf({
      advantage: Float64Array.from({ length }, (_, t) => wave(t, 1.7)),
      logprob: Float64Array.from({ length }, (_, t) => wave(t, 2.3) - 4),
      isPolicyToken: Uint8Array.from({ length }, (_, t) => (t % 9 === 0 ? 0 : 1)),
    })
  }
  const many = random(900)

  it('draws a share of all policy tokens, another one at every place of the run', () => {
    const options = { share: 0.02, low: 0.5, high: 5 }
    const covariance = tokenCovariance(many)
    const dropped = (place: object) => {
      const mask = clipCov(many, options, { ...key, ...place })
      return [...mask.keys()].filter((t) => many.isPolicyToken[t] && !mask[t])
    }
    const first = dropped({})
    // floor(0.02 x 800)
    expect(first.length).toBe(16)
    for (const t of first) expect(covariance[t] > 0.5 && covariance[t] < 5).toBe(true)
    expect(dropped({})).toEqual(first)
    for (const place of [{ seed: 8 }, { step: 3 }, { update: 1 }]) expect(dropped(place)).not.toEqual(first)
  })

  it('draws uniformly over the band', () => {
    // Each of the two candidates, at share 0.25 of four tokens, in half of the steps: 400 draws, sigma 10.
    let first = 0
    for (let step = 0; step < 400; step++) {
      first += 1 - clipCov(four, { share: 0.25, low: 1, high: 5 }, { ...key, step })[0]
    }
    expect(Math.abs(first - 200)).toBeLessThan(40)
  })
})

describe('KL-Cov', () => {
  it('puts its coefficient on the largest covariances, at least one', () => {
    const tokens = { ...four, advantage: f64(1, 2, -3, 0, 50) }
    // Covariances 2, -4, 6, 0 around the means 0 and -2.
    expect([...klCov(tokens, { share: 0.5, coef: 0.7 })]).toEqual([0.7, 0, 0.7, 0, 0])
    expect([...klCov(tokens, { share: 2e-4, coef: 0.7 })]).toEqual([0, 0, 0.7, 0, 0])
  })
})

describe('the adaptive coefficient', () => {
  const options = { target: 1, delta: 0.1, start: 0.2, min: 0, max: 0.35 }

  it('rises below the target and falls above it, within its bounds, and acts up to the target', () => {
    const used: number[] = []
    let state: { next: number; used: number } | undefined
    for (const entropy of [0.5, 0.6, 0.9, 1, 1.2, 2, 3, 0.9]) {
      state = adaptCoefficient(state, entropy, options)
      used.push(state.used)
    }
    // c: 0.2, 0.3, 0.35 (capped), 0.35, 0.25, 0.15, 0.05, 0 (floor).
    for (const [k, value] of [0.2, 0.3, 0.35, 0.35, 0, 0, 0, 0].entries()) expect(used[k]).toBeCloseTo(value, 12)
    expect(state!.next).toBeCloseTo(0.1, 12)
  })
})

describe('every method', () => {
  it('is the same under a permutation of whole completions, where it draws nothing', () => {
    const value = fc.double({ min: -3, max: 3, noNaN: true })
    const completion = fc.array(fc.record({ A: value, logprob: value, entropy: value }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.uniqueArray(completion, { minLength: 2, maxLength: 5 }), (completions) => {
        const at = (order: typeof completions) => {
          const flat = order.flat()
          const tokens = tokensOf({
            isPolicyToken: new Uint8Array(flat.length).fill(1),
            advantage: Float64Array.from(flat, ({ A }) => A),
            logprob: Float64Array.from(flat, ({ logprob }) => logprob),
            rolloutLogprob: Float64Array.from(flat, ({ entropy }) => entropy),
            entropy: Float64Array.from(flat, ({ entropy }) => entropy),
            starts: order.map((_, i) => order.slice(0, i).flat().length),
          })
          const ratio = sequenceRatio(tokens)
          const weight = probWeight(tokens, { alpha: 0.5 })
          const high = highEntropy(tokens, { share: 0.5 })
          const covariance = tokenCovariance(tokens)
          return flat.map((token, t) => ({ token, values: [ratio[t], weight[t], covariance[t]], high: high[t] }))
        }
        const forward = at(completions)
        const backward = at([...completions].reverse())
        const distinct = new Set(forward.map(({ token }) => token.entropy)).size === forward.length
        for (const { token, values, high } of forward) {
          const other = backward.find((candidate) => candidate.token === token)!
          for (const [i, found] of values.entries()) expect(other.values[i]).toBeCloseTo(found, 9)
          if (distinct) expect(other.high).toBe(high)
        }
      }),
      { numRuns: 60 },
    )
  })
})
