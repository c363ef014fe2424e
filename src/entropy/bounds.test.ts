import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundsFromTopK, type TopK, type TopKBounds } from './bounds.js'
import type { Interval } from './interval.js'
import { scores } from './moments.js'

type Quantity = 'entropy' | 'S' | 'expectedS' | 'centredS'
const quantities: Quantity[] = ['entropy', 'S', 'expectedS', 'centredS']

interface Truth {
  /** Sorted, most likely first. */
  logprobs: number[]
  of(token: number): Record<Quantity, number>
}

function truthOf(logits: number[]): Truth {
  const s = scores(logits)
  const order = logits.map((_, i) => i).sort((i, j) => s.logprobs[j] - s.logprobs[i])
  return {
    logprobs: order.map((i) => s.logprobs[i]),
    of: (rank) => ({
      entropy: s.entropy,
      expectedS: s.expectedS,
      S: s.S[order[rank]],
      centredS: s.S[order[rank]] - s.expectedS,
    }),
  }
}

/** What a server would send of rank `token` with its k most likely tokens. */
function report(truth: Truth, token: number, k: number, round: (x: number) => number): TopK {
  const top = truth.logprobs.slice(0, k).map(round)
  return { topLogprobs: top, logprob: round(truth.logprobs[token]), sampledInTop: token < k }
}

function expectInside(bounds: TopKBounds, truth: Record<Quantity, number>) {
  for (const quantity of quantities) {
    const [low, high] = bounds[quantity]
    const message = `${quantity} ${truth[quantity]} in [${low}, ${high}]`
    expect(low, message).toBeLessThanOrEqual(truth[quantity])
    expect(high, message).toBeGreaterThanOrEqual(truth[quantity])
  }
}

const width = ([low, high]: Interval) => high - low

const logits = fc.oneof(
  // anything, ties included
  fc.array(fc.oneof(fc.double({ min: -12, max: 12, noNaN: true }), fc.integer({ min: -3, max: 3 })), {
    minLength: 1,
    maxLength: 60,
  }),
  // a peak over a heavy tail, as language models have them
  fc
    .tuple(fc.double({ min: 0, max: 12, noNaN: true }), fc.double({ min: 0.3, max: 3, noNaN: true }))
    .map(([peak, s]) => Array.from({ length: 200 }, (_, i) => (i === 0 ? peak : 0) - s * Math.log(i + 1))),
)

describe('the truth lies inside', () => {
  it.each<[string, (x: number) => number, number | undefined]>([
    ['in float64', (x) => x, 0],
    ['rounded to float32', Math.fround, undefined],
    ['rounded to four decimals', (x) => Math.round(x * 1e4) / 1e4, 0.5e-4],
  ])('%s, for every token and k', (_, round, logprobError) => {
    fc.assert(
      fc.property(logits, fc.nat(), fc.nat(), (z, pickToken, pickK) => {
        const truth = truthOf(z)
        const token = pickToken % z.length
        const k = pickK % (z.length + 1)
        const bounds = boundsFromTopK(report(truth, token, k, round), { vocabSize: z.length, logprobError })
        expectInside(bounds, truth.of(token))
      }),
      { numRuns: 400 },
    )
  })

  it('of a sampled token that the list may hold as an extra', () => {
    fc.assert(
      fc.property(logits, fc.nat(), fc.nat(), (z, pickToken, pickK) => {
        const truth = truthOf(z)
        const token = pickToken % z.length
        const k = pickK % z.length
        // the list as vLLM writes it: the sampled token, then the k most likely that are not it
        const ranks = [...new Set([token, ...Array.from({ length: k }, (_, i) => i)])]
        const known = {
          topLogprobs: ranks.map((rank) => truth.logprobs[rank]),
          logprob: truth.logprobs[token],
          sampledMayBeExtra: true,
        }
        expectInside(boundsFromTopK(known, { vocabSize: z.length, logprobError: 0 }), truth.of(token))
      }),
      { numRuns: 400 },
    )
  })

  it('of a sampled token of which is known only that the list does not have it', () => {
    fc.assert(
      fc.property(logits, fc.nat(), fc.nat(), (z, pickToken, pickK) => {
        fc.pre(z.length > 1)
        const truth = truthOf(z)
        const k = pickK % z.length
        const token = k + (pickToken % (z.length - k))
        const known = { topLogprobs: truth.logprobs.slice(0, k).map(Math.fround) }
        const bounds = boundsFromTopK(known, { vocabSize: z.length })
        expectInside(bounds, truth.of(token))
        const told = boundsFromTopK(report(truth, token, k, Math.fround), { vocabSize: z.length })
        expect(width(bounds.S) + 1e-12).toBeGreaterThanOrEqual(width(told.S))
      }),
      { numRuns: 400 },
    )
  })

  it('of a tail whose probabilities, or their squares, are too small for float64', () => {
    for (const gap of [200, 400, 700, 740, 746, 2000]) {
      const truth = truthOf([gap, ...Array<number>(183).fill(0)])
      for (const [token, k] of [[0, 11] as const, [5, 11] as const, [20, 5] as const]) {
        expectInside(boundsFromTopK(report(truth, token, k, Math.fround), { vocabSize: 184 }), truth.of(token))
      }
    }
  })

  it('where rounding of the softmax itself makes a list impossible: all other tokens as likely as its last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 3000 }), fc.double({ min: 0, max: 18, noNaN: true }), (V, gap) => {
        const truth = truthOf(Array.from({ length: V }, (_, i) => (i < 40 ? gap : 0)))
        const known = report(truth, 0, 90, (x) => x)
        expectInside(boundsFromTopK(known, { vocabSize: V, logprobError: 0 }), truth.of(0))
      }),
    )
  })

  it('of every tail that the list allows, sought by climbing to the ends', () => {
    const known = fc.array(fc.double({ min: -6, max: 0, noNaN: true }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        known,
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        fc.nat(),
        (raw, R, share, seed, pick) => {
          // known probabilities p and a tail of R tokens none above the least of them
          const weights = raw.map(Math.exp)
          const least = Math.min(...weights)
          const tail = Array<number>(R).fill(least * share)
          const total = [...weights, ...tail].reduce((sum, w) => sum + w, 0)
          const p = weights.map((w) => w / total)
          const cap = least / total
          const token = pick % p.length
          const bounds = boundsFromTopK(
            { topLogprobs: p.map(Math.log), logprob: Math.log(p[token]), sampledInTop: true },
            { vocabSize: p.length + R, logprobError: 0 },
          )
          let state = seed
          const uniform = () => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0
            return state / 2 ** 32
          }
          for (const direction of [1, -1]) {
            let q = tail.map((w) => w / total)
            let best = of([...p, ...q], token)
            for (let step = 0; step < 200; step++) {
              const [i, j] = [Math.floor(uniform() * R), Math.floor(uniform() * R)]
              const move = Math.min(q[i], cap - q[j]) * (step % 3 === 0 ? 1 : uniform())
              const next = q.map((value, t) => value + (t === j ? move : 0) - (t === i ? move : 0))
              const now = of([...p, ...next], token)
              if (direction * (now.centredS - best.centredS) >= 0) {
                q = next
                best = now
              }
            }
            const slack = 1e-12
            expect(best.centredS).toBeGreaterThanOrEqual(bounds.centredS[0] - slack)
            expect(best.centredS).toBeLessThanOrEqual(bounds.centredS[1] + slack)
            expect(best.expectedS).toBeGreaterThanOrEqual(bounds.expectedS[0] - slack)
            expect(best.expectedS).toBeLessThanOrEqual(bounds.expectedS[1] + slack)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** The quantities from probabilities, by their definitions. */
function of(p: number[], token: number) {
  const log = (x: number) => (x > 0 ? Math.log(x) : 0)
  const H = -p.reduce((sum, x) => sum + x * log(x), 0)
  const expectedS = p.reduce((sum, x) => sum + x * x * (H + log(x)), 0)
  const S = p[token] * (H + log(p[token]))
  return { entropy: H, S, expectedS, centredS: S - expectedS }
}

describe('the ends are reached', () => {
  // p = 1/2, 1/8 known; 3/8 is missing on 6 tokens of at most 1/8: three at the cap, or six of 1/16
  const steep = [1 / 2, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 0, 0, 0]
  const flat = [1 / 2, 1 / 8, ...Array<number>(6).fill(1 / 16)]
  const bounds = (token: number) =>
    boundsFromTopK(
      { topLogprobs: [Math.log(1 / 2), Math.log(1 / 8)], logprob: Math.log(steep[token]), sampledInTop: true },
      { vocabSize: 8, logprobError: 0 },
    )

  it('by the entropies of the two extreme tails', () => {
    const { entropy, S, missingMass } = bounds(0)
    // 1/2 log 2 + 4/8 log 8 = 2 log 2, and 1/2 log 2 + 1/8 log 8 + 6/16 log 16 = 2.375 log 2
    expect(entropy[0]).toBeCloseTo(2 * Math.log(2), 12)
    expect(entropy[1]).toBeCloseTo(2.375 * Math.log(2), 12)
    expect(missingMass[0]).toBeCloseTo(3 / 8, 12)
    // S = p (H + log p) = 1/2 (H - log 2)
    expect(S[0]).toBeCloseTo(0.5 * Math.log(2), 12)
    expect(S[1]).toBeCloseTo((1.375 / 2) * Math.log(2), 12)
  })

  it('by Sc of the most likely token, smallest for the steep tail and largest for the flat one', () => {
    const { centredS } = bounds(0)
    expect(centredS[0]).toBeCloseTo(of(steep, 0).centredS, 12)
    expect(centredS[1]).toBeCloseTo(of(flat, 0).centredS, 12)
  })

  it('by Sc of an unlikely token beside a strong peak, the other way round', () => {
    // 0.9 and 0.02 known, 0.08 missing on 8 tokens: four at the cap, or eight of 0.01
    const known = [0.9, 0.02]
    const { centredS, expectedS } = boundsFromTopK(
      { topLogprobs: known.map(Math.log), logprob: Math.log(0.02), sampledInTop: true },
      { vocabSize: 10, logprobError: 0 },
    )
    const steep = of([...known, 0.02, 0.02, 0.02, 0.02, 0, 0, 0, 0], 1)
    const flat = of([...known, ...Array<number>(8).fill(0.01)], 1)
    expect(centredS[0]).toBeCloseTo(flat.centredS, 12)
    expect(centredS[1]).toBeCloseTo(steep.centredS, 12)
    expect(expectedS[0]).toBeCloseTo(steep.expectedS, 12)
    expect(expectedS[1]).toBeCloseTo(flat.expectedS, 12)
  })

  it('jointly: narrower than S* minus E[S]', () => {
    const { centredS, S, expectedS } = bounds(0)
    expect(width(centredS)).toBeLessThan(0.8 * (width(S) + width(expectedS)))
  })
})

describe('knowing all', () => {
  it('gives the values themselves at k = V, and with no mass missing', () => {
    fc.assert(
      fc.property(logits, fc.nat(), (z, pick) => {
        const truth = truthOf(z)
        const token = pick % z.length
        const known = report(truth, token, z.length, (x) => x)
        const whole = boundsFromTopK(known, { vocabSize: z.length, logprobError: 0 })
        for (const quantity of quantities) expect(width(whole[quantity])).toBeLessThan(1e-11)
      }),
    )
    const halves = { topLogprobs: [Math.log(0.5), Math.log(0.5)], logprob: Math.log(0.5) }
    const { entropy } = boundsFromTopK(halves, { vocabSize: 1000, logprobError: 0 })
    expect(entropy[0]).toBeCloseTo(Math.log(2), 10)
    expect(entropy[1]).toBeCloseTo(Math.log(2), 10)
  })

  it('a sampled token outside the list is known mass, never the cap', () => {
    const top = [Math.log(0.5), Math.log(0.2)]
    const inside = { topLogprobs: top, logprob: Math.log(0.01), sampledInTop: false }
    const { entropy, missingMass } = boundsFromTopK(inside, { vocabSize: 100, logprobError: 0 })
    expect(missingMass[0]).toBeCloseTo(0.29, 12)
    // the steepest tail: one of 0.2, one of 0.09, above the sampled 0.01
    const steep = [0.5, 0.2, 0.01, 0.2, 0.09]
    expect(entropy[0]).toBeCloseTo(-steep.reduce((sum, p) => sum + p * Math.log(p), 0), 12)
  })

  it('a wider error gives a wider interval around the narrower one', () => {
    const known = { topLogprobs: [-0.1, -3], logprob: -3 }
    const narrow = boundsFromTopK(known, { vocabSize: 50, logprobError: 0 }).centredS
    const wide = boundsFromTopK(known, { vocabSize: 50, logprobError: 1e-3 }).centredS
    expect(wide[0]).toBeLessThan(narrow[0] - 1e-5)
    expect(wide[1]).toBeGreaterThan(narrow[1] + 1e-5)
  })

  it('takes impossible tokens as they are', () => {
    const known = { topLogprobs: [0, Number.NEGATIVE_INFINITY], logprob: 0 }
    const { entropy, centredS } = boundsFromTopK(known, { vocabSize: 1000, logprobError: 0 })
    expect(entropy[0]).toBe(0)
    expect(entropy[1]).toBeLessThan(1e-11)
    expect(Math.max(...centredS.map(Math.abs))).toBeLessThan(1e-11)
  })

  it('takes a sampled token alone', () => {
    const { entropy } = boundsFromTopK({ topLogprobs: [], logprob: Math.log(0.25) }, { vocabSize: 4, logprobError: 0 })
    // one other token of 0.75, or three of 0.25
    expect(entropy[0]).toBeCloseTo(-0.25 * Math.log(0.25) - 0.75 * Math.log(0.75), 12)
    expect(entropy[1]).toBeCloseTo(Math.log(4), 12)
  })
})

describe('refuses', () => {
  const half = Math.log(0.5)
  it.each<[string, TopK, number, RegExp]>([
    ['a vocabulary that is none', { topLogprobs: [half], logprob: half }, 0, /vocabSize is 0/],
    ['more tokens than the vocabulary', { topLogprobs: [half, half, -9], logprob: half }, 2, /3 tokens are listed/],
    ['a sampled token outside of a list of all', { topLogprobs: [half, half] }, 2, /there is no other/],
    ['NaN', { topLogprobs: [Number.NaN], logprob: half }, 9, /log-probability is NaN/],
    ['Infinity', { topLogprobs: [], logprob: Number.POSITIVE_INFINITY }, 9, /log-probability is Infinity/],
    ['a probability above 1', { topLogprobs: [0.01], logprob: 0.01 }, 9, /log-probability is 0.01/],
    ['a sum above 1', { topLogprobs: [half, half, half], logprob: half }, 9, /sum to 1.5/],
    ['more missing mass than can be', { topLogprobs: [half, -5], logprob: half }, 12, /cannot hold it/],
    [
      'a sampled token outside the list and above its end',
      { topLogprobs: [half, -5], logprob: -1, sampledInTop: false },
      10_000,
      /yet more likely/,
    ],
  ])('%s', (_name, known, vocabSize, message) => {
    expect(() => boundsFromTopK(known, { vocabSize })).toThrow(message)
  })

  it('an error that is none', () => {
    for (const logprobError of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const call = () => boundsFromTopK({ topLogprobs: [half], logprob: half }, { vocabSize: 2, logprobError })
      expect(call).toThrow(`logprobError is ${logprobError}`)
    }
  })
})
