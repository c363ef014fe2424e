/**
 * What every sampler keeps to. Its log-probabilities are held against a backend that scores the same weights, so a
 * sampler of other weights, of another temperature, or of other text shows. A new one joins by a line in
 * test/backends.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sampler, SamplerCapabilities } from '../../src/rollout/sampler-kind.js'
import type { Completion, SampledCompletion, SamplePrompt, SamplingOptions } from '../../src/rollout/types.js'
import type { Backend } from '../../src/train/backend.js'
import { promptsOf, samplingOptions, trainGroupsOf, updateOptions } from './backend.js'

export interface OpenSampler {
  sampler: Sampler
  capabilities: SamplerCapabilities
  /** Trains the policy that is sampled. */
  backend: Backend
  close(): Promise<void>
}

export interface SamplerHarness {
  name: string
  open(options: { signal?: AbortSignal; directory: () => string }): Promise<OpenSampler>
  /** How far log-probabilities may be off the backend's, absolute. */
  rounding: number
}

/** Log p of the completions' tokens by the backend, completion by completion. */
async function scored(
  backend: Backend,
  prompts: readonly SamplePrompt[],
  completions: readonly SampledCompletion[],
  temperature: number,
): Promise<number[][]> {
  const groups = completions.map(({ prompt, tokens }) => ({
    prompt: Int32Array.from(prompts[prompt].tokens),
    completions: [tokens],
  }))
  const all = await backend.score(groups, { temperature, tokenBudget: 8192 })
  return all.map(([{ logprob }]) => [...logprob])
}

const tokensOf = (completions: readonly SampledCompletion[]) => completions.map(({ tokens }) => [...tokens])

export function samplerContract(harness: SamplerHarness, directory: () => string): void {
  let opened: OpenSampler
  const weights = (step = 0) => ({
    step,
    save: (into: string) => opened.backend.save(into, { optimizer: false }),
  })
  beforeAll(async () => {
    opened = await harness.open({ directory })
    await opened.sampler.sync?.(weights())
  })
  afterAll(() => opened?.close())
  const options = (changes: Partial<SamplingOptions> = {}) => samplingOptions(opened.backend, changes)
  const obeys = (name: SamplerCapabilities['settings'][number]) => opened.capabilities.settings.includes(name)

  async function expectOwnWeights(completions: readonly SampledCompletion[], prompts: SamplePrompt[], T = 1) {
    const expected = await scored(opened.backend, prompts, completions, T)
    completions.forEach(({ logprob }, i) => {
      expect(logprob.length).toBe(expected[i].length)
      for (const [t, value] of expected[i].entries()) {
        expect(Math.abs(logprob[t] - value)).toBeLessThanOrEqual(harness.rounding * (1 + Math.abs(value)))
      }
    })
  }

  it('completes every prompt as often as asked, in their order', async () => {
    const prompts = promptsOf(opened.backend, [5, 1, 9])
    const seen: number[] = []
    const { completions, statistics } = await opened.sampler.sample(prompts, options(), ({ completions }) =>
      seen.push(completions),
    )
    expect(completions.map(({ prompt, sample }) => [prompt, sample])).toEqual(
      [0, 1, 2].flatMap((prompt) => [0, 1, 2].map((sample) => [prompt, sample])),
    )
    const { vocabSize } = opened.backend.info
    const { stopTokens, maxNewTokens } = options()
    for (const { tokens, finish } of completions) {
      expect(tokens.length).toBeGreaterThan(0)
      expect(tokens.length).toBeLessThanOrEqual(maxNewTokens)
      expect(tokens.every((id) => id >= 0 && id < vocabSize)).toBe(true)
      // An end token ends the completion, which keeps it; nothing else does.
      expect(tokens.subarray(0, -1).some((id) => stopTokens.includes(id))).toBe(false)
      expect(finish).toBe(stopTokens.includes(tokens.at(-1)!) ? 'stop' : 'length')
      if (finish === 'length') expect(tokens.length).toBe(maxNewTokens)
    }
    const count = completions.reduce((sum, { tokens }) => sum + tokens.length, 0)
    expect(statistics).toMatchObject({ promptTokens: 15, completionTokens: count })
    expect(statistics.seconds).toBeGreaterThan(0)
    expect([...seen].sort((a, b) => a - b)).toEqual(seen)
    await expectOwnWeights(completions, prompts)
  })

  it('draws as its own log-probabilities say', async () => {
    const [prompt] = promptsOf(opened.backend, [4])
    const samplesPerPrompt = 600
    const { completions } = await opened.sampler.sample(
      [prompt],
      options({ samplesPerPrompt, maxNewTokens: 1, step: 11, batchSize: 600 }),
    )
    const seen = new Map<number, { count: number; p: number }>()
    for (const { tokens, logprob } of completions) {
      const entry = seen.get(tokens[0]) ?? { count: 0, p: Math.exp(logprob[0]) }
      seen.set(tokens[0], { ...entry, count: entry.count + 1 })
    }
    // Every share within 5 standard errors of its probability.
    for (const { count, p } of seen.values()) {
      const error = Math.sqrt((p * (1 - p)) / samplesPerPrompt)
      expect(Math.abs(count / samplesPerPrompt - p)).toBeLessThanOrEqual(5 * error)
    }
    const known = [...seen.values()].reduce((sum, { p }) => sum + p, 0)
    expect(known).toBeLessThanOrEqual(1 + 1e-4)
    expect(known).toBeGreaterThan(0.8)
  })

  it('draws the same for the same seed, step, and key, whatever is drawn beside it', async () => {
    if (!opened.capabilities.repeats) return
    const prompts = promptsOf(opened.backend, [5, 2, 7])
    const draw = async (given: SamplePrompt[], changes: Partial<SamplingOptions> = {}) =>
      tokensOf((await opened.sampler.sample(given, options(changes))).completions)
    const first = await draw(prompts)
    expect(await draw(prompts)).toEqual(first)
    expect(await draw(prompts, { batchSize: 2 })).toEqual(first)
    expect(await draw([prompts[2]])).toEqual(first.slice(6))
    expect(await draw([...prompts].reverse())).toEqual([...first.slice(6), ...first.slice(3, 6), ...first.slice(0, 3)])
    expect(await draw(prompts, { seed: 8 })).not.toEqual(first)
    expect(await draw(prompts, { step: 4 })).not.toEqual(first)
    expect(await draw(prompts.map((one) => ({ ...one, key: one.key + 5 })))).not.toEqual(first)
  })

  it('heeds a limit of a single prompt', async () => {
    const [a, b] = promptsOf(opened.backend, [3, 3])
    const { completions } = await opened.sampler.sample([{ ...a, maxNewTokens: 2 }, b], options({ stopTokens: [] }))
    expect(completions.map(({ tokens }) => tokens.length)).toEqual([2, 2, 2, 12, 12, 12])
    expect(completions.every(({ finish }) => finish === 'length')).toBe(true)
  })

  it('samples at another temperature, or refuses it', async () => {
    const prompts = promptsOf(opened.backend, [5, 6])
    const sampling = opened.sampler.sample(prompts, options({ temperature: 0.5 }))
    if (!obeys('temperature')) return void (await expect(sampling).rejects.toThrow())
    await expectOwnWeights((await sampling).completions, prompts, 0.5)
  })

  it.each([
    ['topP', { topP: 0.5 }],
    ['topK', { topK: 2 }],
    ['minP', { minP: 0.5 }],
  ] as const)('cuts the distribution by %s, or refuses it', async (name, changes) => {
    const prompts = promptsOf(opened.backend, [5])
    const sampling = opened.sampler.sample(prompts, options({ ...changes, samplesPerPrompt: 40, maxNewTokens: 1 }))
    if (!obeys(name)) return void (await expect(sampling).rejects.toThrow())
    const { completions, statistics } = await sampling
    // Log p stays that of the whole distribution.
    await expectOwnWeights(completions, prompts)
    const { completions: all } = await opened.sampler.sample(
      prompts,
      options({ samplesPerPrompt: 40, maxNewTokens: 1 }),
    )
    const kinds = (of: readonly SampledCompletion[]) => new Set(of.map(({ tokens }) => tokens[0])).size
    expect(kinds(completions)).toBeLessThan(kinds(all))
    if (statistics.truncatedMass !== undefined) expect(statistics.truncatedMass).toBeGreaterThan(0)
  })

  it('ends at a text, or refuses it', async () => {
    const { tokenizer } = opened.backend.model
    const prompts = promptsOf(opened.backend, [5, 6])
    const { completions: free } = await opened.sampler.sample(prompts, options({ stopTokens: [], maxNewTokens: 16 }))
    // A character that does appear.
    const stop = tokenizer.decode(free[0].tokens)[3]
    const sampling = opened.sampler.sample(prompts, options({ stopTokens: [], maxNewTokens: 16, stopStrings: [stop] }))
    if (!obeys('stopStrings')) return void (await expect(sampling).rejects.toThrow())
    for (const { tokens, finish } of (await sampling).completions) {
      expect(tokenizer.decode(tokens).includes(stop)).toBe(finish === 'stop')
      // The token that completes the text is the last one.
      expect(tokenizer.decode(tokens.subarray(0, -1))).not.toContain(stop)
    }
  })

  it('carries moments of its own distributions where it says so', async () => {
    const prompts = promptsOf(opened.backend, [5, 6])
    const { completions } = await opened.sampler.sample(prompts, options())
    for (const completion of completions) {
      if (opened.capabilities.statistics !== 'exact') {
        expect(completion.S).toBeUndefined()
        continue
      }
      const { logprob, entropy, sumP2, sumP2LogP, S, expectedS, sumS2 } = completion as Completion
      logprob.forEach((lp, t) => {
        expect(S[t]).toBeCloseTo(Math.exp(lp) * (entropy[t] + lp), 5)
        expect(expectedS[t]).toBeCloseTo(entropy[t] * sumP2[t] + sumP2LogP[t], 5)
        expect(sumS2[t]).toBeGreaterThanOrEqual(S[t] ** 2 - 1e-6)
      })
    }
  })

  it('refuses a prompt without tokens, and ids that the model does not have, and works on', async () => {
    const [good] = promptsOf(opened.backend, [4])
    const { vocabSize } = opened.backend.info
    for (const tokens of [[], [vocabSize], [-1]]) {
      await expect(opened.sampler.sample([{ key: 0, tokens }], options())).rejects.toThrow()
    }
    expect((await opened.sampler.sample([good], options())).completions).toHaveLength(3)
  })

  it('has the weights after an update, once it is told', async () => {
    const { backend, sampler } = opened
    const groups = await trainGroupsOf(backend)
    const prompts = groups.map(({ prompt }, key) => ({ key, tokens: prompt }))
    const before = (await sampler.sample(prompts, options())).completions
    const { gradNorm } = await backend.update(groups, updateOptions(0))
    await backend.update(groups, updateOptions(0.5 / gradNorm ** 2))
    await sampler.sync?.(weights(1))
    const after = (await sampler.sample(prompts, options())).completions
    await expectOwnWeights(after, prompts)
    expect(after.some(({ logprob }, i) => logprob[0] !== before[i].logprob[0])).toBe(true)
  })

  describe('a signal', () => {
    it('ends sampling early: what there is comes back, cut short, or the call is refused', async () => {
      const stop = new AbortController()
      const own = await harness.open({ signal: stop.signal, directory })
      try {
        await own.sampler.sync?.({ step: 0, save: (into) => own.backend.save(into, { optimizer: false }) })
        const prompts = promptsOf(own.backend, [5, 6, 7, 8])
        const long = { ...options(), stopTokens: [], maxNewTokens: 200, samplesPerPrompt: 16, batchSize: 4 }
        let aborted = false
        const sampling = own.sampler.sample(prompts, long, () => {
          if (!aborted) stop.abort()
          aborted = true
        })
        const ended = await sampling.catch(() => undefined)
        expect(aborted).toBe(true)
        if (ended) {
          const drawn = ended.completions.reduce((sum, { tokens }) => sum + tokens.length, 0)
          expect(drawn).toBeLessThan(4 * 16 * 200)
          expect(ended.completions.every(({ finish }) => finish === 'length')).toBe(true)
        }
      } finally {
        await own.close()
      }
    })
  })
}
