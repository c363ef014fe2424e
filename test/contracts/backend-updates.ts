/** The contract of `update`: the gradient, what is reported, and what must not change the step. */
import { describe, expect, it } from 'vitest'
import type { Backend, TrainGroup, UpdateOptions, UpdateResult } from '../../src/train/backend.js'
import { tokenValue } from '../table/objective.js'
import { type BackendHarness, type Opened, openFor, scoreGroups, trainGroupsOf, updateOptions } from './backend.js'
import { termCases } from './objective-terms.js'

/** Log p and H of every token, flat. */
async function lookAt(backend: Backend, groups: readonly TrainGroup[], temperature: number) {
  const scored = (await backend.score(scoreGroups(groups), { temperature, tokenBudget: 8192 })).flat()
  return {
    logprob: scored.flatMap(({ logprob }) => [...logprob]),
    entropy: scored.flatMap(({ entropy, logprob }) => [...(entropy ?? logprob.map(() => 0))]),
  }
}

const flat = (arrays: readonly ArrayLike<number>[]): number[] => arrays.flatMap((values) => Array.from(values))

/** What the objective is, token by token, at the policy as it is. */
async function expectation(backend: Backend, groups: readonly TrainGroup[], options: UpdateOptions) {
  const { logprob, entropy } = await lookAt(backend, groups, options.temperature)
  const completions = groups.flatMap((group) => group.completions)
  let at = 0
  const tokens = completions.flatMap((completion) =>
    Array.from(completion.tokens, (_, t) => {
      const value = tokenValue(
        {
          logprob: logprob[at],
          rolloutLogprob: completion.rolloutLogprob[t],
          ratio: completion.ratio?.[t],
          referenceLogprob: completion.referenceLogprob?.[t],
          rolloutKlCoef: completion.rolloutKlCoef?.[t],
          advantage: completion.advantage[t],
          entropy: entropy[at],
        },
        options.objective,
      )
      return { ...value, logprob: logprob[at], entropy: entropy[at++] }
    }),
  )
  const weight = flat(completions.map((completion) => completion.weight))
  const mask = flat(completions.map((completion) => completion.gradMask))
  const { entropyCoef } = options.objective
  return {
    tokens,
    loss: -tokens.reduce((sum, { value, entropy: H }, i) => sum + weight[i] * (mask[i] ? value : entropyCoef * H), 0),
    /** The objective to first order: linear in log p and H, with the same gradient. */
    linear: (now: { logprob: number[]; entropy: number[] }) =>
      tokens.reduce(
        (sum, { slope }, i) => sum + weight[i] * (mask[i] * slope * now.logprob[i] + entropyCoef * now.entropy[i]),
        0,
      ),
  }
}

/** How far the first of two steps raises the objective: small enough for the curvature's third order, above rounding. */
const rise = 4e-3

/** The step size of plain ascent for that rise; the policy is left as it is. */
async function sizeFor({ backend, reset }: Opened, groups: TrainGroup[], options: (size: number) => UpdateOptions) {
  const { gradNorm } = await backend.update(groups, options(0))
  await reset()
  return rise / gradNorm ** 2
}

/** Derivative of `of` along the step, by steps of two sizes from the same policy; the second order cancels. */
async function alongStep(
  opened: Opened,
  groups: TrainGroup[],
  options: (size: number) => UpdateOptions,
  of: (now: { logprob: number[]; entropy: number[] }) => number,
): Promise<{ derivative: number; result: UpdateResult }> {
  const { backend, reset } = opened
  const { temperature } = options(0)
  const size = await sizeFor(opened, groups, options)
  const before = of(await lookAt(backend, groups, temperature))
  const moves: number[] = []
  let result: UpdateResult | undefined
  for (const factor of [1, 2]) {
    await reset()
    result = await backend.update(groups, options(factor * size))
    expect(result).toMatchObject({ applied: true, interrupted: false })
    moves.push((of(await lookAt(backend, groups, temperature)) - before) / (factor * size))
  }
  await reset()
  return { derivative: 2 * moves[0] - moves[1], result: result! }
}

export function updateContract(harness: BackendHarness): void {
  const opened = openFor(harness)
  const close = (a: number, b: number, relative: number, absolute = harness.rounding) =>
    expect(Math.abs(a - b), `${a} and ${b}`).toBeLessThanOrEqual(relative * Math.abs(b) + absolute)

  describe.each(termCases)('an update with $name', ({ needs, objective, batch = {} }) => {
    const options = (size: number) =>
      updateOptions(size, { temperature: batch.temperature ?? 1, objective: objective as UpdateOptions['objective'] })
    const declared = () => needs.every((term) => opened.backend.capabilities.terms.includes(term))

    it('moves the policy along the gradient, whose norm it reports, or is refused', async () => {
      const groups = await trainGroupsOf(opened.backend, batch)
      if (!declared()) {
        await expect(opened.backend.update(groups, options(1e-3))).rejects.toThrow()
        return
      }
      const { linear } = await expectation(opened.backend, groups, options(0))
      const { derivative, result } = await alongStep(opened, groups, options, linear)
      expect(result.gradNorm).toBeGreaterThan(0)
      close(derivative, result.gradNorm ** 2, 0.02, 50 * harness.rounding)
    })

    it('reports what it made of every token', async () => {
      if (!declared()) return
      const groups = await trainGroupsOf(opened.backend, batch)
      const { tokens, loss } = await expectation(opened.backend, groups, options(0))
      const result = await opened.backend.update(groups, { ...options(1e-3), everyToken: true })
      await opened.reset()
      close(result.loss, loss, 1e-4, 10 * harness.rounding)
      const said = result.tokens.flat()
      const [logprob, slope, clipped] = (['logprob', 'slope', 'clipped'] as const).map((name) =>
        flat(said.map((one) => one[name])),
      )
      tokens.forEach((token, i) => {
        close(logprob[i], token.logprob, 1e-5)
        close(slope[i], token.slope, 1e-3, 10 * harness.rounding)
        expect(clipped[i]).toBe(token.clipped ? 1 : 0)
      })
      if (objective?.klCoef)
        for (const [i, kl] of flat(said.map((one) => one.kl!)).entries()) close(kl, tokens[i].kl!, 1e-3)
    })
  })

  describe('an update is the same', () => {
    const batch = { mask: true } as const
    const options = (changes: Partial<UpdateOptions> = {}) => updateOptions(0.05, changes)

    /** Norm, and the log-probabilities after the step, completion by completion. */
    async function stepped(groups: TrainGroup[], changes: Partial<UpdateOptions> = {}) {
      await opened.reset()
      const { gradNorm, loss } = await opened.backend.update(groups, options(changes))
      const scored = await opened.backend.score(scoreGroups(groups), { temperature: 1, tokenBudget: 8192 })
      return { gradNorm, loss, scored: scored.map((group) => group.map(({ logprob }) => [...logprob])) }
    }
    const expectSame = (a: Awaited<ReturnType<typeof stepped>>, b: typeof a) => {
      close(a.gradNorm, b.gradNorm, 1e-4)
      close(a.loss, b.loss, 1e-4)
      const other = b.scored.flat(2)
      for (const [i, logprob] of a.scored.flat(2).entries()) close(logprob, other[i], 1e-5)
    }
    const masks = () => opened.backend.capabilities.terms.includes('mask')
    const groupsOf = () => trainGroupsOf(opened.backend, masks() ? batch : {})

    it.each([1, 13, 40])('in micro-batches of %i tokens', async (tokenBudget) => {
      const groups = await groupsOf()
      expectSame(await stepped(groups, { tokenBudget }), await stepped(groups))
    })

    it('for groups and completions in another order', async () => {
      const groups = await groupsOf()
      const turned = [...groups].reverse().map((group) => ({ ...group, completions: [...group.completions].reverse() }))
      const back = await stepped(turned)
      const there = await stepped(groups)
      expectSame({ ...back, scored: back.scored.reverse().map((group) => group.reverse()) }, there)
    })

    it('for a shared prompt and for its own copy per completion', async () => {
      const groups = await groupsOf()
      const apart = groups.flatMap(({ prompt, completions }) =>
        completions.map((completion) => ({ prompt, completions: [completion] })),
      )
      const alone = await stepped(apart)
      const together = await stepped(groups)
      expectSame({ ...alone, scored: [alone.scored.flat()] }, { ...together, scored: [together.scored.flat()] })
    })

    it('with a completion beside it that has no weight', async () => {
      const groups = await groupsOf()
      const idle = groups[0].completions[0]
      const none = { ...idle, weight: idle.weight.map(() => 0) }
      const more = [{ ...groups[0], completions: [...groups[0].completions, none] }, ...groups.slice(1)]
      const wider = await stepped(more)
      const scored = wider.scored.map((group, g) => (g === 0 ? group.slice(0, -1) : group))
      expectSame({ ...wider, scored }, await stepped(groups))
    })
  })

  describe('the optimizer', () => {
    const obeys = (name: 'gradClip' | 'betas' | 'weightDecay') => {
      const { optimizer } = opened.backend.capabilities
      return optimizer !== 'own' && optimizer.includes(name)
    }

    it('clips the gradient by its norm', async () => {
      if (!obeys('gradClip')) return
      const groups = await trainGroupsOf(opened.backend)
      const { linear } = await expectation(opened.backend, groups, updateOptions(0))
      const free = await alongStep(opened, groups, (size) => updateOptions(size), linear)
      const gradClip = free.result.gradNorm / 3
      const bound = await alongStep(opened, groups, (size) => updateOptions(size, { gradClip }), linear)
      close(bound.result.gradNorm, free.result.gradNorm, 1e-4)
      close(bound.derivative, free.derivative / 3, 0.03, 50 * harness.rounding)
    })

    it('keeps a first moment over updates', async () => {
      if (!obeys('betas')) return
      const groups = await trainGroupsOf(opened.backend)
      const { linear } = await expectation(opened.backend, groups, updateOptions(0))
      const { derivative } = await alongStep(opened, groups, (size) => updateOptions(size), linear)
      const idle = groups.map(({ prompt, completions }) => ({
        prompt,
        completions: completions.map((one) => ({ ...one, advantage: one.advantage.map(() => 0) })),
      }))
      // The gradient g, then none: the second step is b (1 - b) / (1 - b^2) g = b / (1 + b) g.
      const b = 0.8
      const momentum = (size: number) => updateOptions(size, { betas: [b, 0.9] })
      const size = await sizeFor(opened, groups, (size) => updateOptions(size))
      await opened.backend.update(groups, momentum(size))
      const between = linear(await lookAt(opened.backend, groups, 1))
      await opened.backend.update(idle, momentum(size))
      const moved = linear(await lookAt(opened.backend, groups, 1)) - between
      await opened.reset()
      close(moved / size, (derivative * b) / (1 + b), 0.06, 50 * harness.rounding)
    })

    it('decays the weights without a gradient', async () => {
      if (!obeys('weightDecay')) return
      const groups = (await trainGroupsOf(opened.backend)).map(({ prompt, completions }) => ({
        prompt,
        completions: completions.map((one) => ({ ...one, advantage: one.advantage.map(() => 0) })),
      }))
      const before = await lookAt(opened.backend, groups, 1)
      await opened.backend.update(groups, { ...updateOptions(0), lr: 0.1, weightDecay: 0 })
      expect(await lookAt(opened.backend, groups, 1)).toEqual(before)
      await opened.backend.update(groups, { ...updateOptions(0), lr: 0.1, weightDecay: 0.5 })
      const after = await lookAt(opened.backend, groups, 1)
      await opened.reset()
      expect(after.logprob.some((value, i) => Math.abs(value - before.logprob[i]) > 1e-3)).toBe(true)
    })
  })

  describe('an update that must not happen', () => {
    it('leaves the policy and the optimizer as they are where a value is not finite, and says where', async () => {
      if (!opened.backend.capabilities.terms.includes('skip')) return
      const groups = await trainGroupsOf(opened.backend)
      const broken = structuredClone(groups)
      broken[2].completions[0].rolloutLogprob[2] = Number.NaN
      const before = await lookAt(opened.backend, groups, 1)
      const result = await opened.backend.update(broken, updateOptions(0.05))
      expect(result).toMatchObject({ applied: false, interrupted: false })
      expect(result.nonFinite).toEqual({ what: 'loss', tokens: [{ group: 2, completion: 0, position: 2 }] })
      expect(await lookAt(opened.backend, groups, 1)).toEqual(before)
      await opened.backend.update(groups, updateOptions(0.05))
      const then = await lookAt(opened.backend, groups, 1)
      await opened.reset()
      await opened.backend.update(groups, updateOptions(0.05))
      expect(await lookAt(opened.backend, groups, 1)).toEqual(then)
      await opened.reset()
    })
  })

  describe('the ledger', () => {
    it('says what the step does to the entropy of its tokens', async () => {
      if (!opened.backend.capabilities.terms.includes('ledger')) return
      const groups = await trainGroupsOf(opened.backend)
      const size = await sizeFor(opened, groups, (size) => updateOptions(size))
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
      const options = updateOptions(size, { weightDecay: 1e-7, ledger: true })
      const before = await lookAt(opened.backend, groups, 1)
      const { ledger } = await opened.backend.update(groups, options)
      const after = await lookAt(opened.backend, groups, 1)
      await opened.reset()
      expect(ledger).toBeDefined()
      const { entropyBefore, entropyAfter, exact, momentum, decay, gradient } = ledger!
      close(entropyBefore, mean(before.entropy), 1e-5)
      close(entropyAfter, mean(after.entropy), 1e-5)
      close(exact, entropyAfter - entropyBefore, 0.1, 10 * harness.rounding)
      close(momentum + decay + gradient, exact, 1e-2)
    })
  })
}
