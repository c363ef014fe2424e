/** The contract of everything but updates: scoring, the reference, the critic, files, errors, signals. */
import { describe, expect, it } from 'vitest'
import type { Backend, ScoreGroup, TrainGroup } from '../../src/train/backend.js'
import type { ValueGroup } from '../../src/train/ppo/critic.js'
import {
  type BackendHarness,
  floats,
  idsOf,
  openFor,
  scoreGroups,
  scoreGroupsOf,
  trainGroupsOf,
  updateOptions,
} from './backend.js'

const scoring = { temperature: 1, tokenBudget: 8192 }

/** Log p of every token, completion by completion. */
async function logprobs(backend: Backend, groups: ScoreGroup[], changes = {}): Promise<number[][]> {
  const scored = await backend.score(groups, { ...scoring, ...changes })
  return scored.flat().map(({ logprob }) => [...logprob])
}

/** A step that shows, whatever the size of the gradient. */
async function move(backend: Backend, groups: TrainGroup[], changes = {}) {
  const { gradNorm } = await backend.update(groups, updateOptions(0))
  return backend.update(groups, updateOptions(0.1 / gradNorm ** 2, changes))
}

export function stateContract(harness: BackendHarness): void {
  const opened = openFor(harness)
  const near = (a: number[][], b: number[][], rounding = harness.rounding) => {
    expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length))
    for (const [i, value] of a.flat().entries()) expect(Math.abs(value - b.flat()[i])).toBeLessThanOrEqual(rounding)
  }

  describe('scoring', () => {
    it.each([1, 0.6])(
      'is of softmax(z / T) at T %d, and the moments are those of the whole distribution',
      async (T) => {
        const { backend } = opened
        if (T !== 1 && !backend.capabilities.terms.includes('temperature')) return
        const prompt = Int32Array.from(idsOf(backend, 5))
        const { vocabSize } = backend.info
        const every = Array.from({ length: vocabSize }, (_, id) => Int32Array.from([id]))
        const [scored] = await backend.score([{ prompt, completions: every }], { ...scoring, temperature: T })
        const logp = scored.map(({ logprob }) => logprob[0])
        const sum = (of: (l: number) => number) => logp.reduce((total, l) => total + of(l), 0)
        expect(sum(Math.exp)).toBeCloseTo(1, 4)
        if (backend.capabilities.statistics !== 'exact') return
        const H = -sum((l) => Math.exp(l) * l)
        const sumP2 = sum((l) => Math.exp(2 * l))
        const sumP2LogP = sum((l) => Math.exp(2 * l) * l)
        const S = logp.map((l) => Math.exp(l) * (H + l))
        const expectedS = H * sumP2 + sumP2LogP
        const most = Math.max(...logp)
        scored.forEach((one, id) => {
          expect(one.entropy![0]).toBeCloseTo(H, 4)
          expect(one.sumP2![0]).toBeCloseTo(sumP2, 4)
          expect(one.sumP2LogP![0]).toBeCloseTo(sumP2LogP, 4)
          expect(one.S![0]).toBeCloseTo(S[id], 4)
          expect(one.expectedS![0]).toBeCloseTo(expectedS, 4)
          expect(one.sumS2![0]).toBeCloseTo(
            S.reduce((total, s) => total + s * s, 0),
            4,
          )
          if (one.top) expect(one.top[0]).toBe(logp[id] === most ? 1 : 0)
        })
      },
    )

    it('is the same in micro-batches, in another order, and for a prompt of its own per completion', async () => {
      const { backend } = opened
      const groups = scoreGroupsOf(backend)
      const whole = await logprobs(backend, groups)
      for (const tokenBudget of [1, 13]) near(await logprobs(backend, groups, { tokenBudget }), whole)
      const turned = [...groups].reverse().map((group) => ({ ...group, completions: [...group.completions].reverse() }))
      near((await logprobs(backend, turned)).reverse(), whole)
      const apart = groups.flatMap(({ prompt, completions }) =>
        completions.map((one) => ({ prompt, completions: [one] })),
      )
      near(await logprobs(backend, apart), whole)
    })

    it('leaves the policy as it is', async () => {
      const groups = scoreGroupsOf(opened.backend)
      const first = await logprobs(opened.backend, groups)
      expect(await logprobs(opened.backend, groups)).toEqual(first)
    })

    it('refuses ids that the model does not have, and works on', async () => {
      const { backend } = opened
      const groups = scoreGroupsOf(backend)
      for (const id of [backend.info.vocabSize, -1]) {
        const wrong = [{ prompt: groups[0].prompt, completions: [Int32Array.from([1, id, 2])] }]
        await expect(backend.score(wrong, scoring)).rejects.toThrow()
      }
      expect((await logprobs(backend, groups)).length).toBe(8)
    })
  })

  describe('the reference', () => {
    it('stays what the policy was when it was frozen', async () => {
      const { backend } = opened
      const groups = await trainGroupsOf(backend)
      const given = scoreGroups(groups)
      if (!backend.capabilities.reference) return void (await expect(backend.freezeReference()).rejects.toThrow())
      await expect(backend.score(given, { ...scoring, model: 'reference' })).rejects.toThrow()
      const start = await logprobs(backend, given)
      await backend.freezeReference()
      await move(backend, groups)
      near(await logprobs(backend, given, { model: 'reference' }), start)
      expect(await logprobs(backend, given)).not.toEqual(start)
      await backend.freezeReference()
      near(await logprobs(backend, given, { model: 'reference' }), await logprobs(backend, given))
      await opened.reset()
    })
  })

  describe('files', () => {
    it('bring the policy back, with the optimizer to the same next step', async () => {
      const { backend } = opened
      const { optimizer, resumesBitForBit } = backend.capabilities
      const groups = await trainGroupsOf(backend)
      const given = scoreGroups(groups)
      const momentum = optimizer === 'own' ? {} : { betas: [0.9, 0.99] as [number, number], eps: 1e-3, lr: 1e-3 }
      const saved = opened.fresh()
      await move(backend, groups, momentum)
      await backend.save(saved, { optimizer: true })
      const then = await logprobs(backend, given)
      await move(backend, groups, momentum)
      const next = await logprobs(backend, given)
      expect(next).not.toEqual(then)
      await backend.load(saved, { optimizer: true })
      const same = resumesBitForBit ? (a: number[][], b: number[][]) => expect(a).toEqual(b) : near
      same(await logprobs(backend, given), then)
      await move(backend, groups, momentum)
      same(await logprobs(backend, given), next)
      await opened.reset()
    })

    it('of another process bring it back too', async () => {
      const groups = await trainGroupsOf(opened.backend)
      const given = scoreGroups(groups)
      const saved = opened.fresh()
      await move(opened.backend, groups)
      await opened.backend.save(saved, { optimizer: true })
      const then = await logprobs(opened.backend, given)
      await opened.reset()
      const other = await harness.open({})
      try {
        await other.load(saved, { optimizer: true })
        near(await logprobs(other, given), then)
      } finally {
        await other.close()
      }
    })

    it('without the optimizer hold the policy', async () => {
      const { backend } = opened
      const groups = await trainGroupsOf(backend)
      const given = scoreGroups(groups)
      const saved = opened.fresh()
      const start = await logprobs(backend, given)
      await backend.save(saved, { optimizer: false })
      await move(backend, groups)
      await backend.load(saved, { optimizer: false })
      near(await logprobs(backend, given), start)
      await opened.reset()
    })

    it('that are not there are an error, and the policy stays as it is', async () => {
      const { backend } = opened
      const given = scoreGroupsOf(backend)
      const start = await logprobs(backend, given)
      await expect(backend.load(opened.fresh(), { optimizer: true })).rejects.toThrow()
      expect(await logprobs(backend, given)).toEqual(start)
    })
  })

  describe('the critic', () => {
    it('begins at 0, learns returns, and comes back from files, or is not there', async () => {
      const { backend } = opened
      const { critic } = backend
      if (!backend.capabilities.terms.includes('critic')) return void expect(critic).toBeUndefined()
      const groups = scoreGroupsOf(backend)
      await expect(critic!.values(groups, { tokenBudget: 8192 })).rejects.toThrow()
      await critic!.open({ trunk: 'own' })
      const values = async () => (await critic!.values(groups, { tokenBudget: 8192 })).flat().map((one) => [...one])
      expect((await values()).flat().every((value) => value === 0)).toBe(true)
      const valued: ValueGroup[] = groups.map(({ prompt, completions }) => ({
        prompt,
        completions: completions.map((tokens) => ({
          tokens,
          oldValue: floats(tokens.length, () => 0),
          target: floats(tokens.length, () => 0.5),
        })),
      }))
      const options = {
        lr: 1e-2,
        betas: [0.9, 0.99] as [number, number],
        eps: 1e-8,
        weightDecay: 0,
        valueClip: Number.POSITIVE_INFINITY,
        gradClip: Number.POSITIVE_INFINITY,
        tokenBudget: 8192,
        interruptible: false,
      }
      const first = await critic!.update(valued, options)
      // 1/2 (0 - 0.5)^2 of every token.
      expect(first).toMatchObject({ applied: true, interrupted: false, clipped: 0, loss: expect.closeTo(0.125, 6) })
      for (let i = 0; i < 4; i++) await critic!.update(valued, options)
      const learnt = await values()
      expect((await critic!.update(valued, { ...options, lr: 0 })).loss).toBeLessThan(first.loss)
      const saved = opened.fresh()
      await backend.save(saved, { optimizer: true })
      await critic!.update(valued, options)
      await backend.load(saved, { optimizer: true })
      near(await values(), learnt, 1e-6)
      const tight = await critic!.update(valued, { ...options, lr: 0, valueClip: 0 })
      // The values have moved from 0, and a clip of 0 lets none move further.
      expect(tight).toMatchObject({ loss: expect.closeTo(0.125, 5), gradNorm: 0, clipped: first.tokens })
    })
  })

  describe('a signal', () => {
    it('from before a call ends what may end: the policy is unchanged, and can be scored and saved', async () => {
      const stop = new AbortController()
      const backend = await harness.open({ signal: stop.signal })
      try {
        const groups = await trainGroupsOf(backend)
        const given = scoreGroups(groups)
        const start = await logprobs(backend, given)
        stop.abort()
        const stopped = await backend.update(groups, updateOptions(0.05, { interruptible: true }))
        expect(stopped).toMatchObject({ applied: false, interrupted: true })
        expect(stopped.nonFinite).toBeUndefined()
        expect(await logprobs(backend, given)).toEqual(start)
        await backend.save(opened.fresh(), { optimizer: true })
        // What must not end does not.
        expect(await backend.update(groups, updateOptions(0.05))).toMatchObject({ applied: true, interrupted: false })
      } finally {
        await backend.close()
      }
    })

    it('leaves nothing hanging after the end', async () => {
      const backend = await harness.open({})
      const given = scoreGroupsOf(backend)
      await backend.close()
      await expect(backend.score(given, scoring)).rejects.toThrow()
    })
  })

  it('says what it is', () => {
    const { info, capabilities, model } = opened.backend
    expect(info.vocabSize).toBeGreaterThan(1)
    expect(info.parameters).toBeGreaterThan(0)
    expect(model.tokenizer.encode('a').length).toBeGreaterThan(0)
    expect(capabilities.trains.length).toBeGreaterThan(0)
    if (!capabilities.trains.includes('adapter')) expect(capabilities.adapter).toEqual([])
  })
}
