import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { type AnalysisOptions, analyzeCompletions } from './analyze.js'
import type { Interval } from './interval.js'
import type { LoggedCompletion, LoggedToken } from './logs/types.js'
import { clipB } from './methods/clip-b.js'
import { clipV } from './methods/clip-v.js'
import { scores } from './moments.js'

// p = 1/2, 1/4, 1/8, 1/8, all of it listed: intervals are points
const p = [1 / 2, 1 / 4, 1 / 8, 1 / 8]
const truth = scores(p.map(Math.log))
const token = (k: number): LoggedToken => ({
  text: `t${k}`,
  logprob: Math.log(p[k]),
  topLogprobs: p.map(Math.log),
  sampledInTop: true,
  sampledMayBeExtra: false,
})
const completion = (tokens: LoggedToken[], fields: Partial<LoggedCompletion> = {}): LoggedCompletion => ({
  where: 'log:1',
  group: 'g',
  tokens,
  sampling: { truncation: [] },
  ...fields,
})
const clip = { muLow: 1, muHigh: 1 }
const options: AnalysisOptions = { vocabSize: 4, temperature: 1, logprobError: 0, clipB: clip, clipV: clip }
const expectNear = ([low, high]: Interval, value: number) => {
  expect(low).toBeCloseTo(value, 10)
  expect(high).toBeCloseTo(value, 10)
}

describe('without rewards', () => {
  it('says what rewarding each token would do', () => {
    const { completions, summary } = analyzeCompletions([completion([token(0), token(3)])], options)
    const [likely, unlikely] = completions[0].tokens
    expectNear(likely.centredS, truth.centredS[0])
    expect(likely.ifRewarded).toBe('lowers')
    expect(unlikely.ifRewarded).toBe('raises')
    expect(likely).not.toHaveProperty('update')
    // 1/2 log 2 + 1/4 log 4 + 2/8 log 8 = 7/4 log 2
    expectNear(summary.entropy, 1.75 * Math.log(2))
    expect(summary).toMatchObject({ tokens: 2, completions: 1, groups: 1, topK: [4, 4] })
    expect(summary.warnings).toEqual([])
    expect(summary.ifRewarded).toEqual({ raises: 1, lowers: 1, none: 0, unknown: 0 })
    expect(summary.predictedStep).toBeUndefined()
    expect(summary.clipB).toBeUndefined()
  })

  it('leaves open what the list leaves open', () => {
    // 0.7 is missing: two more of 0.3 and one of 0.1, or nine of 0.078
    const top = [Math.log(0.3)]
    const cut = { text: 'x', logprob: top[0], topLogprobs: top, sampledInTop: true, sampledMayBeExtra: false }
    const { completions, summary } = analyzeCompletions([completion([cut])], { ...options, vocabSize: 10 })
    expect(completions[0].tokens[0].ifRewarded).toBe('unknown')
    expect(summary.ifRewarded.unknown).toBe(1)
  })
})

describe('with rewards', () => {
  const batch = [
    completion([token(0), token(3)], { reward: 1 }),
    completion([token(0), token(0)], { reward: 0 }),
    completion([token(1)], { reward: 2, group: 'h' }),
    completion([token(1)], { reward: 2, group: 'h' }),
  ]
  const { completions, summary } = analyzeCompletions(batch, options)
  const A = 0.5 / (Math.SQRT1_2 + 1e-4)

  it('says what the update does, token by token', () => {
    const [first, second, third] = completions.map(({ tokens }) => tokens)
    expect(first.map(({ update }) => update)).toEqual(['lowers', 'raises'])
    expect(second.map(({ update }) => update)).toEqual(['raises', 'raises'])
    expect(third[0]).toMatchObject({ advantage: 0, effect: [0, 0], update: 'none' })
    expectNear(first[0].effect as Interval, -A * truth.centredS[0])
    expect(summary.update).toEqual({ raises: 3, lowers: 1, none: 2, unknown: 0 })
  })

  it('predicts the step as -(1/N) sum A Sc, and tells the covariance from it', () => {
    const Sc = [0, 3, 0, 0, 1, 1].map((k) => truth.centredS[k])
    const advantages = [A, A, -A, -A, 0, 0]
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expectNear(summary.predictedStep as Interval, -mean(Sc.map((score, t) => advantages[t] * score)))
    expect(summary.direction).toBe('raises')
    // mean A is 0 here, so that the covariance is the mean of the products
    expectNear(summary.covariance as Interval, mean(Sc.map((score, t) => advantages[t] * score)))
  })

  it('says what the clips mask', () => {
    const ks = [0, 3, 0, 0, 1, 1]
    const exact = {
      S: Float64Array.from(ks, (k) => truth.S[k]),
      expectedS: Float64Array.from(ks, () => truth.expectedS),
      advantage: Float64Array.from([A, A, -A, -A, 0, 0]),
      isPolicyToken: new Uint8Array(6).fill(1),
    }
    for (const [name, result] of [
      ['clipB', clipB(exact, clip)],
      ['clipV', clipV(exact, clip)],
    ] as const) {
      const verdicts = completions.flatMap(({ tokens }) => tokens.map((one) => one[name]))
      expect(verdicts).toEqual(Array.from(result.mask, (flows) => (flows ? 'kept' : 'masked')))
      expect(summary[name]).toMatchObject({ masked: result.maskedLow + result.maskedHigh, possible: 0 })
      expect(summary[name]?.masked).toBeGreaterThan(0)
    }
  })

  it('takes advantages per token', () => {
    const given = completion([token(0), token(0)], { advantage: [1, -1] })
    expect(analyzeCompletions([given], options).completions[0].tokens.map(({ update }) => update)).toEqual([
      'lowers',
      'raises',
    ])
    const wrong = completion([token(0)], { advantage: [1, -1] })
    expect(() => analyzeCompletions([wrong], options)).toThrow('log:1: 2 advantages for 1 tokens')
  })
})

describe('warns of', () => {
  const warningsOf = (tokens: LoggedToken[], fields: Partial<LoggedCompletion> = {}, more = {}) =>
    analyzeCompletions([completion(tokens, fields)], { ...options, ...more }).summary.warnings.join('\n')
  const none = Number.NEGATIVE_INFINITY

  it('impossible tokens, listed or sampled', () => {
    const top = [Math.log(0.5), Math.log(0.5), none]
    const listed = { ...token(0), topLogprobs: top, logprob: top[0] }
    expect(warningsOf([listed])).toContain('impossible tokens (-9999.0), 1 of 1 tokens')
    expect(warningsOf([{ ...listed, logprob: none }])).toContain('probability 0 for the sampled token itself, 1 of 1')
    const unknown = { ...token(0), topLogprobs: [], logprob: undefined, sampledInTop: false }
    expect(warningsOf([unknown])).toContain('-9999.0 for the sampled token itself, 1 of 1 tokens: taken as not known')
    expect(warningsOf([{ ...listed, ofPrompt: true }])).toContain('tokens of prompts (prompt_logprobs), 1 of 1 tokens')
  })

  it('lists that sum to 1 although their last entry is likely', () => {
    const half = { ...token(0), topLogprobs: [Math.log(0.9), Math.log(0.1)], logprob: Math.log(0.9) }
    expect(warningsOf([half], {}, { vocabSize: 1000 })).toContain('sum to 1 and end with a likely token, 1 of 1 tokens')
    // the whole vocabulary may
    expect(warningsOf([half], {}, { vocabSize: 2 })).toBe('')
    // a near certain token's list may as well
    const sure = { ...half, topLogprobs: [-1e-7, -17], logprob: -1e-7 }
    expect(warningsOf([sure], {}, { vocabSize: 1000, logprobError: undefined })).toBe('')
  })

  it('a request that truncates or samples at another temperature', () => {
    const sampling = { temperature: 0.7, truncation: ['top_p 0.9'] }
    const text = warningsOf([token(0)], { sampling })
    expect(text).toContain('a request that truncates (top_p 0.9)')
    expect(text).toContain('sampling at temperature 0.7, log-probabilities of 1')
    expect(warningsOf([token(0)], { sampling: { temperature: 1, truncation: [] } })).toBe('')
  })

  it('lists that are short', () => {
    const bare = { ...token(0), topLogprobs: [], sampledInTop: false }
    expect(warningsOf([bare])).toContain('no further log-probabilities, 1 of 1 tokens')
    expect(warningsOf([{ ...token(0), topLogprobs: p.slice(0, 2).map(Math.log), lostEntries: true }])).toContain(
      'lost entries of equal text, 1 of 1 tokens',
    )
  })
})

it('a list that lost entries has a wider interval: its end caps nothing', () => {
  const top = [0.5, 0.2].map(Math.log)
  const whole = { text: 'x', logprob: top[0], topLogprobs: top, sampledInTop: true, sampledMayBeExtra: true }
  const entropyOf = (one: LoggedToken) =>
    analyzeCompletions([completion([one])], { ...options, vocabSize: 50 }).completions[0].tokens[0].entropy
  const [capped] = entropyOf(whole)
  const [free] = entropyOf({ ...whole, lostEntries: true })
  // the missing 0.3 on two tokens of at most 0.2, or on one
  expect(capped).toBeCloseTo(-[0.5, 0.2, 0.2, 0.1].reduce((sum, x) => sum + x * Math.log(x), 0), 10)
  expect(free).toBeCloseTo(-[0.5, 0.2, 0.3].reduce((sum, x) => sum + x * Math.log(x), 0), 10)
})

it('refuses no tokens, and log-probabilities that are of no such softmax', () => {
  expect(() => analyzeCompletions([], options)).toThrow(UserError)
  expect(() => analyzeCompletions([completion([])], options)).toThrow('no token with a log-probability')
  const short = { ...token(0), topLogprobs: [Math.log(0.5), -9] }
  const call = () => analyzeCompletions([completion([token(0), short])], options)
  expect(call).toThrow(UserError)
  expect(call).toThrow('log:1 token 1 ("t0"): a probability of 0.4999 is missing')
})
