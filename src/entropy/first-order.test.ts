import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changeOfLogit, changeOfStep, expectedChange, expectedChangeOfBatch, importanceRatio } from './first-order.js'
import { moments, scores, scoreToken } from './moments.js'
import { predictStep } from './predict.js'

const distributions = [
  { name: 'a peak', z: [3, 1, 0.5, -1, -1, -2], temperature: 1 },
  { name: 'flat', z: [0.1, 0, -0.1, 0.05, 0.2], temperature: 1 },
  { name: 'two rivals, hot', z: [2, 1.8, -3, -4], temperature: 1.5 },
  { name: 'a long tail, cold', z: [4, ...Array.from({ length: 30 }, (_, i) => -0.1 * i)], temperature: 0.7 },
]

/** Error of a first-order prediction at alpha and at alpha/2: a remainder of second order falls by 4. */
function errorRatio(change: (alpha: number) => number, predicted: (alpha: number) => number, alpha: number) {
  const error = (a: number) => Math.abs(change(a) - predicted(a))
  return error(alpha) / error(alpha / 2)
}

describe.each(distributions)('finite differences on $name', ({ z, temperature }) => {
  const H = (logits: number[]) => moments(logits, { temperature }).entropy
  const tokens = [0, 1, z.length - 1]

  it.each(tokens)('one logit: token %i', (k) => {
    const { S } = scoreToken(z, k, { temperature })
    const change = (eps: number) => H(z.map((value, i) => (i === k ? value + eps : value))) - H(z)
    const predicted = (eps: number) => changeOfLogit(S, eps, { temperature })
    const ratio = errorRatio(change, predicted, 1e-2)
    expect(ratio).toBeGreaterThan(3.8)
    expect(ratio).toBeLessThan(4.2)
    // and the slope itself, by a central difference whose error is of order 1e-8
    expect((change(1e-4) - change(-1e-4)) / 2e-4).toBeCloseTo(predicted(1), 6)
  })

  it.each(tokens)('one policy-gradient step: token %i', (k) => {
    const { centredS, logprob } = scoreToken(z, k, { temperature })
    const step = { advantage: -0.8, ratio: 1.25, temperature }
    // r A log p_k, p = softmax(z/T): its gradient, by central differences and not by the formula under test
    const surrogate = (logits: number[]) => step.ratio * step.advantage * scoreToken(logits, k, { temperature }).logprob
    const gradient = z.map((_, i) => {
      const moved = (h: number) => surrogate(z.map((value, j) => (i === j ? value + h : value)))
      return (moved(1e-4) - moved(-1e-4)) / 2e-4
    })
    expect(logprob).toBeLessThan(0)
    const change = (lr: number) => H(z.map((value, i) => value + lr * gradient[i])) - H(z)
    const predicted = (lr: number) => changeOfStep(centredS, { ...step, lr })
    const ratio = errorRatio(change, predicted, 1e-2)
    expect(ratio).toBeGreaterThan(3.7)
    expect(ratio).toBeLessThan(4.3)
    expect((change(1e-4) - change(-1e-4)) / 2e-4).toBeCloseTo(predicted(1), 6)
  })
})

describe('properties', () => {
  const logits = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 2, maxLength: 12 })

  it('the remainder of a step is O(alpha^2) for any distribution and token', () => {
    fc.assert(
      fc.property(logits, fc.nat(), (z, pick) => {
        const k = pick % z.length
        const { centredS } = scoreToken(z, k)
        const p = scores(z).logprobs.map(Math.exp)
        for (const alpha of [1e-3, -1e-3]) {
          const moved = z.map((value, i) => value + alpha * ((i === k ? 1 : 0) - p[i]))
          const error =
            moments(moved).entropy - moments(z).entropy - changeOfStep(centredS, { advantage: 1, lr: alpha })
          // second derivatives of H are below 10 here; a wrong first-order term would be up to 1e-3
          expect(Math.abs(error)).toBeLessThan(10 * alpha ** 2)
        }
      }),
    )
  })

  it('Corollary 3.4: equal advantages change nothing in expectation', () => {
    fc.assert(
      fc.property(logits, fc.double({ min: -2, max: 2, noNaN: true }), (z, A) => {
        expect(Math.abs(expectedChange(z, Array(z.length).fill(A), { lr: 1 }))).toBeLessThan(1e-14)
      }),
    )
  })

  it('Corollary C.2: the expectation is -Cov_p(A, Sc), and off-policy it is reached with r Sc', () => {
    const rows = fc.array(
      fc.record({
        z: fc.double({ min: -4, max: 4, noNaN: true }),
        w: fc.double({ min: -4, max: 4, noNaN: true }),
        A: fc.double({ min: -2, max: 2, noNaN: true }),
      }),
      { minLength: 2, maxLength: 12 },
    )
    fc.assert(
      fc.property(rows, (list) => {
        const z = list.map((row) => row.z)
        const A = list.map((row) => row.A)
        const { logprobs, centredS } = scores(z)
        const rollout = scores(list.map((row) => row.w)).logprobs
        const expected = expectedChange(z, A, { lr: 0.5 })
        let covariance = 0
        let offPolicy = 0
        const meanA = A.reduce((sum, a, k) => sum + Math.exp(logprobs[k]) * a, 0)
        for (let k = 0; k < z.length; k++) {
          covariance += Math.exp(logprobs[k]) * (A[k] - meanA) * centredS[k]
          const r = importanceRatio(logprobs[k], rollout[k])
          offPolicy += Math.exp(rollout[k]) * changeOfStep(centredS[k], { advantage: A[k], ratio: r, lr: 0.5 })
        }
        expect(expected).toBeCloseTo(-0.5 * covariance, 12)
        expect(expected).toBeCloseTo(offPolicy, 12)
      }),
    )
  })
})

describe('Corollary 3.5 and the batch', () => {
  it('a sampled batch with advantages independent of its tokens is predicted to stay, within its sampling error', () => {
    const z = [2, 1, 0, -1, -3]
    const { logprobs, S, centredS, expectedS } = scores(z)
    // a linear congruential generator modulo 2^32, so that the draw is the same everywhere
    let state = 12345
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    const n = 40_000
    const k = Array.from({ length: n }, () => {
      const u = uniform()
      let mass = 0
      return Math.max(
        0,
        [...logprobs].findIndex((lp) => {
          mass += Math.exp(lp)
          return u < mass
        }),
      )
    })
    const advantage = Float64Array.from(k, () => (uniform() < 0.5 ? -1 : 1))
    const tokens = {
      S: Float64Array.from(k, (i) => S[i]),
      expectedS: Float64Array.from(k, () => expectedS),
      advantage,
      isPolicyToken: new Uint8Array(n).fill(1),
    }
    const Sc = Float64Array.from(k, (i) => centredS[i])
    const spread = Math.sqrt(Sc.reduce((sum, score) => sum + score * score, 0) / n)
    expect(spread).toBeGreaterThan(0.05)
    // four standard errors of a mean of n terms
    expect(Math.abs(predictStep(tokens).dH)).toBeLessThan((4 * spread) / Math.sqrt(n))
    expect(Math.abs(expectedChangeOfBatch(advantage, Sc))).toBeLessThan((4 * spread) / Math.sqrt(n))
    // the same tokens rewarded for being likely: entropy is predicted to fall
    const likely = Float64Array.from(k, (i) => (i === 0 ? 1 : -1))
    expect(predictStep({ ...tokens, advantage: likely }).dH).toBeLessThan(-0.01)
    expect(expectedChangeOfBatch(likely, Sc)).toBeLessThan(-0.01)
  })

  it('the covariance and the mean differ by mean(A) mean(r Sc)', () => {
    const A = [1, 1, -1]
    const Sc = [0.2, -0.1, 0.3]
    const r = [1, 2, 0.5]
    // r Sc = [0.2, -0.2, 0.15], its mean 0.05; mean A = 1/3; mean(A r Sc) = -0.15/3 = -0.05
    expect(expectedChangeOfBatch(A, Sc, r)).toBeCloseTo(-(-0.05 - 0.05 / 3), 15)
    const tokens = {
      S: Float64Array.from(Sc),
      expectedS: new Float64Array(3),
      advantage: Float64Array.from(A),
      ratio: Float64Array.from(r),
      isPolicyToken: Uint8Array.from([1, 1, 1]),
    }
    expect(predictStep(tokens).dH).toBeCloseTo(0.05, 15)
  })

  it('refuses other lengths', () => {
    expect(() => expectedChange([0, 1], [1], { lr: 1 })).toThrow('1 advantages for 2 logits')
    expect(() => expectedChangeOfBatch([1, 2], [1, 2], [1])).toThrow('1 ratios for 2 scores')
  })
})
