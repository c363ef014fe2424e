import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { loadTiny } from '../../test/training/models.js'
import type { Decoder } from '../model/decoder.js'
import { hostLooks, liveTensors } from '../torch/index.js'
import { type SamplerHooks, sampleCompletions } from './sampler.js'
import { scoreCompletions, scoreSequence } from './scoring.js'
import { type SamplePrompt, type SamplingOptions, statisticNames } from './types.js'

let model: Decoder
let roomy: Decoder

beforeAll(async () => {
  await startTestEngine()
  model = loadTiny('qwen3')
  const { config, parameters, device } = loadTiny('llama')
  // The tiny models stop at 64 positions by their config alone.
  roomy = new (model.constructor as typeof Decoder)({ ...config, maxPositionEmbeddings: 4096 }, parameters, device)
})
afterAll(() => {
  model.dispose()
  roomy.dispose()
})

const prompts: SamplePrompt[] = [
  { key: 4, tokens: [1, 5, 9] },
  { key: 9, tokens: [7] },
  { key: 2, tokens: [3, 3, 60, 12, 44, 8, 9, 10, 11] },
]

function sample(changes: Partial<SamplingOptions> = {}, hooks?: SamplerHooks, given = prompts, policy = model) {
  return sampleCompletions(
    policy,
    given,
    {
      samplesPerPrompt: 3,
      maxNewTokens: 20,
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      stopTokens: [2, 17, 40],
      stopStrings: [],
      seed: 5,
      step: 1,
      batchSize: 64,
      ...changes,
    },
    hooks,
  )
}

type Sampled = ReturnType<typeof sample>

const tokensOf = ({ completions }: Sampled) => completions.map(({ tokens }) => Array.from(tokens))

/** Every statistic of every sampled token against a forward over the whole completions. */
function expectScored(sampled: Sampled, temperature: number, given = prompts, policy = model) {
  const scored = scoreCompletions(
    policy,
    given.map(({ tokens }, p) => ({
      prompt: tokens,
      completions: sampled.completions.filter(({ prompt }) => prompt === p).map((completion) => completion.tokens),
    })),
    { temperature, tokenBudget: 100 },
  ).flat()
  sampled.completions.forEach((completion, i) => {
    for (const name of statisticNames) {
      expect(completion[name].length).toBe(completion.tokens.length)
      completion[name].forEach((value, t) => {
        const gap = Math.abs(value - scored[i][name][t])
        expect({ i, name, t, same: gap < 1e-4 * (1 + Math.abs(value)) }).toEqual({ i, name, t, same: true })
      })
    }
  })
}

describe('the sampler', () => {
  it('gives the statistics that scoring gives, in order of prompts and samples', () => {
    const sampled = sample()
    expect(sampled.completions.map(({ prompt, sample }) => [prompt, sample])).toEqual(
      [0, 1, 2].flatMap((prompt) => [0, 1, 2].map((sample) => [prompt, sample])),
    )
    expectScored(sampled, 1)
    for (const { tokens, finish } of sampled.completions) {
      const end = [2, 17, 40].includes(tokens.at(-1)!)
      expect(finish).toBe(end ? 'stop' : 'length')
      if (!end) expect(tokens.length).toBe(20)
      // A stop token ends a completion, so it is nowhere else.
      expect(Array.from(tokens.slice(0, -1)).some((token) => [2, 17, 40].includes(token))).toBe(false)
    }
    expect(sampled.statistics.promptTokens).toBe(13)
    expect(sampled.statistics.completionTokens).toBe(tokensOf(sampled).flat().length)
    expect(sampled.statistics.truncatedMass).toBeUndefined()
  })

  it('draws on the device what it draws on the host, and leaves nothing there', () => {
    const host = sample({ samplesPerPrompt: 4 }, { drawOnDevice: false })
    const onDevice = (batchSize: number) => sample({ samplesPerPrompt: 4, batchSize }, { drawOnDevice: true })
    onDevice(64)
    const live = liveTensors()
    for (const batchSize of [3, 64]) {
      const device = onDevice(batchSize)
      expect(tokensOf(device)).toEqual(tokensOf(host))
      expect(device.statistics.edgeDraws).toBe(0)
      expectScored(device, 1)
    }
    expect(liveTensors()).toBe(live)
    // With room for all rows there is one look per token of the longest completion, which has all of its 20.
    const looks = hostLooks()
    onDevice(64)
    expect(hostLooks() - looks).toBe(20)
  })

  it.each([
    ['topK', { topK: 3 }],
    ['topP', { topP: 0.5 }],
    ['minP', { minP: 0.5 }],
    ['all of them', { topK: 9, topP: 0.8, minP: 0.1 }],
  ])('with %s draws on the device what it draws on the host, in one look a token', (_, truncation) => {
    const [host, device] = [false, true].map((drawOnDevice) => {
      const looks = hostLooks()
      const sampled = sample({ ...truncation, stopTokens: [] }, { drawOnDevice })
      return { sampled, looks: hostLooks() - looks }
    })
    expect(device.looks).toBe(20)
    expect(tokensOf(device.sampled)).toEqual(tokensOf(host.sampled))
    expectScored(device.sampled, 1)
    expect(device.sampled.statistics.truncatedMass).toBeCloseTo(host.sampled.statistics.truncatedMass!, 6)
  })

  it('of a temperature is the policy softmax(z / T)', () => {
    const sampled = sample({ temperature: 1.7 })
    expectScored(sampled, 1.7)
    expect(tokensOf(sampled)).not.toEqual(tokensOf(sample()))
  })

  it.each([1, 2, 3, 8])('draws the same whatever the batch: %i rows at once', (batchSize) => {
    const whole = sample({ samplesPerPrompt: 4 })
    // The draws of this seed lie away from every edge; lengths differ, so rows are handed on while others run.
    expect(whole.statistics.edgeDraws).toBe(0)
    expect(new Set(whole.completions.map(({ tokens }) => tokens.length)).size).toBeGreaterThan(4)
    const live = liveTensors()
    const batched = sample({ samplesPerPrompt: 4, batchSize })
    expect(liveTensors()).toBe(live)
    expect(tokensOf(batched)).toEqual(tokensOf(whole))
    expectScored(batched, 1)
  })

  it('draws by prompt key, sample, step and seed, not by the order of prompts', () => {
    const whole = sample()
    const turned = sample({}, undefined, [...prompts].reverse())
    expect(tokensOf(turned).slice(6)).toEqual(tokensOf(whole).slice(0, 3))
    expect(tokensOf(sample({ seed: 6 }))).not.toEqual(tokensOf(whole))
    expect(tokensOf(sample({ step: 2 }))).not.toEqual(tokensOf(whole))
    expect(tokensOf(sample({ samplesPerPrompt: 1 }))).toEqual([0, 3, 6].map((i) => tokensOf(whole)[i]))
  })

  it.each([
    ['topK', { topK: 3 }],
    ['topP', { topP: 0.5 }],
    ['minP', { minP: 0.5 }],
  ])('with %s keeps to its set, with the whole distribution’s statistics', (_, truncation) => {
    const sampled = sample({ ...truncation, maxNewTokens: 6, batchSize: 5 })
    expectScored(sampled, 1)
    expect(sampled.statistics.truncatedMass).toBeGreaterThan(0)
    expect(sampled.statistics.truncatedMass).toBeLessThan(1)
    for (const { prompt, tokens } of sampled.completions) {
      tokens.forEach((token, t) => {
        // The distribution at this place, token by token.
        const context = [...Array.from(prompts[prompt].tokens), ...tokens.slice(0, t)]
        const p = probabilities(context)
        const rank = p.filter((value) => value > p[token] * (1 + 1e-5)).length
        const above = p.filter((value) => value > p[token] * (1 + 1e-5)).reduce((a, b) => a + b, 0)
        if ('topK' in truncation) expect(rank).toBeLessThan(3)
        if ('topP' in truncation) expect(above).toBeLessThan(0.5 + 1e-5)
        if ('minP' in truncation) expect(p[token] / Math.max(...p)).toBeGreaterThan(0.5 - 1e-4)
      })
    }
  })

  it('with topK 1 is greedy', () => {
    const [{ tokens }] = sample({ topK: 1, samplesPerPrompt: 1, maxNewTokens: 6, stopTokens: [] }).completions
    tokens.forEach((token, t) => {
      const p = probabilities([1, 5, 9, ...tokens.slice(0, t)])
      expect(token).toBe(p.indexOf(Math.max(...p)))
    })
  })

  it('ends a completion where a stop string appears, the text that completes it included', () => {
    const decode = (ids: ArrayLike<number>) => Array.from(ids, (id) => String.fromCharCode(65 + (id % 4))).join('')
    const sampled = sample(
      { stopStrings: ['ABA', 'DD'], stopTokens: [], maxNewTokens: 40, samplesPerPrompt: 5 },
      { decode },
    )
    let stops = 0
    for (const { tokens, finish } of sampled.completions) {
      const text = decode(tokens)
      const met = text.includes('ABA') || text.includes('DD')
      expect(finish).toBe(met ? 'stop' : 'length')
      if (met) stops++
      expect(text.slice(0, -1)).not.toMatch(/ABA|DD/)
    }
    expect(stops).toBeGreaterThan(3)
    expect(() => sample({ stopStrings: ['x'] })).toThrow(/decoder/)
  })

  it('reports tokens as they are drawn, and its progress', () => {
    const seen: number[][] = Array.from({ length: 9 }, () => [])
    let last = { tokens: 0, completions: 0 }
    const sampled = sample(
      { batchSize: 4 },
      {
        onToken: (prompt, sample, token) => seen[prompt * 3 + sample].push(token),
        onProgress: (done) => {
          last = done
        },
      },
    )
    expect(seen).toEqual(tokensOf(sampled))
    expect(last).toEqual({ tokens: seen.flat().length, completions: 9 })
  })

  it('when cancelled ends what runs as it stands and begins nothing else', () => {
    const live = liveTensors()
    let polls = 0
    const sampled = sample({ batchSize: 4, stopTokens: [] }, { cancelled: () => ++polls > 5 })
    expect(liveTensors()).toBe(live)
    expect(sampled.completions.length).toBe(4)
    for (const { tokens, finish } of sampled.completions) {
      // One token of the prompt's pass, one of each of five steps.
      expect(tokens.length).toBe(6)
      expect(finish).toBe('length')
    }
    expectScored(sampled, 1)
  })

  it('refuses prompts without tokens or room', () => {
    expect(() => sample({}, undefined, [{ key: 0, tokens: [] }])).toThrow(/prompt 0 has no tokens/)
    expect(() => sample({ maxNewTokens: 62 })).toThrow(/prompt 0 has 3 tokens; with 62 new ones/)
    expect(sample({}, undefined, []).completions).toEqual([])
  })

  it('keeps to a prompt’s own limit, with the same draws up to it', () => {
    const limits = [3, 50, undefined]
    const own = prompts.map((prompt, p) => ({ ...prompt, maxNewTokens: limits[p] }))
    const whole = tokensOf(sample())
    const found = tokensOf(sample({ batchSize: 2 }, undefined, own))
    // 50 is above the 20 of all.
    expect(found).toEqual(whole.map((tokens, i) => (i < 3 ? tokens.slice(0, 3) : tokens)))
    // The positions are those that the prompt itself may use: 60 + 4 of 64.
    const long = { key: 0, tokens: new Array<number>(60).fill(5), maxNewTokens: 4 }
    expect(sample({ stopTokens: [] }, undefined, [long]).completions[0].tokens.length).toBe(4)
    expect(() => sample({}, undefined, [{ ...long, maxNewTokens: 5 }])).toThrow(/with 5 new ones/)
  })

  it('samples completions of one token, whose statistics need no step', () => {
    const sampled = sample({ maxNewTokens: 1, batchSize: 2 })
    expect(sampled.completions.length).toBe(9)
    expectScored(sampled, 1)
  })
})

describe('the cache', () => {
  it('grows with completions longer than its first room', () => {
    const live = liveTensors()
    const sampled = sample({ maxNewTokens: 300, samplesPerPrompt: 1, stopTokens: [] }, undefined, prompts, roomy)
    expect(liveTensors()).toBeLessThanOrEqual(live + 1)
    expect(sampled.completions.map(({ tokens }) => tokens.length)).toEqual([300, 300, 300])
    expectScored(sampled, 1, prompts, roomy)
  })

  it('has room for a long prompt that waits while short ones come and go', () => {
    const long = Array.from({ length: 50 }, (_, i) => (7 * i) % 64)
    const queue: SamplePrompt[] = [
      ...Array.from({ length: 8 }, (_, key) => ({ key, tokens: [key + 3] })),
      { key: 20, tokens: long },
      { key: 21, tokens: [5, 6] },
      { key: 22, tokens: long.slice(3) },
    ]
    for (const batchSize of [1, 2, 3]) {
      const options = { batchSize, maxNewTokens: 6, samplesPerPrompt: 2, stopTokens: [17] }
      const sampled = sample(options, undefined, queue)
      expectScored(sampled, 1, queue)
    }
  })
})

/** softmax over the vocabulary after `context`, from the scores of every id in turn. */
function probabilities(context: number[]): number[] {
  const completions = Array.from({ length: model.config.vocabSize }, (_, id) => [id])
  const [scored] = scoreCompletions(model, [{ prompt: context, completions }], { temperature: 1, tokenBudget: 8192 })
  return scored.map(({ logprob }) => Math.exp(logprob[0]))
}

describe('scoring', () => {
  it('of a sequence is that of its parts, whatever the budget', () => {
    const tokens = [1, 5, 9, 33, 63, 2, 17, 40, 40, 7]
    const whole = scoreSequence(model, tokens, 0.9)
    const groups = [
      { prompt: tokens.slice(0, 4), completions: [tokens.slice(4), tokens.slice(4, 5), tokens.slice(4, 7)] },
      { prompt: tokens.slice(0, 1), completions: [tokens.slice(1, 3)] },
    ]
    for (const tokenBudget of [1, 9, 1000]) {
      const [first, second] = scoreCompletions(model, groups, { temperature: 0.9, tokenBudget })
      for (const name of statisticNames) {
        first.forEach((statistics, c) => {
          statistics[name].forEach((value, t) => {
            expect({ c, t, name, value }).toEqual({ c, t, name, value: expect.closeTo(whole[name][3 + t], 4) })
          })
        })
        second[0][name].forEach((value, t) => {
          expect(value).toBeCloseTo(whole[name][t], 4)
        })
      }
    }
  })

  it('sums to 1 over the vocabulary', () => {
    expect(probabilities([1, 5]).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
  })
})
