import { describe, expect, it } from 'vitest'
import { fakeModelShape, fakeRecipe } from '../../../test/fake-run.js'
import { UserError } from '../../base/errors.js'
import { requireRoom } from './memory-check.js'
import { makePlan } from './plan.js'

const GiB = 2 ** 30
/** 100 million parameters of the fake's shape: 0.37 GiB of weights, as much of gradients, twice that of moments. */
const model = { ...fakeModelShape, parameters: 1e8 }
const rollout = { promptsPerStep: 8, samplesPerPrompt: 8, maxNewTokens: 100, batchSize: 64 }
const plan = (host: number, changes: Parameters<typeof fakeRecipe>[0] = {}) =>
  makePlan(fakeRecipe({ rollout, ...changes }), model, { host })
const { total } = plan(Infinity).memory!

describe('a run beside what is free', () => {
  it('starts without a word where it fits', () => {
    expect(plan(total)).toMatchObject({ warnings: [] })
    expect(() => requireRoom(plan(total))).not.toThrow()
  })

  it("starts with a warning within the estimate's own error", () => {
    const close = plan(total / 1.14)
    expect(close.refusal).toBeUndefined()
    expect(close.warnings).toEqual([expect.stringMatching(/^the run may not fit into memory/)])
  })

  it('does not start beyond it, and says what would fit', () => {
    const long = { rollout: { ...rollout, maxNewTokens: 20 }, train: { tokenBudget: 1e6 } }
    const many = { ...rollout, maxNewTokens: 20, samplesPerPrompt: 1e5 }
    const refused = plan(2.5 * GiB, { ...long, rollout: many })
    expect(() => requireRoom(refused)).toThrow(UserError)
    expect(refused.refusal?.message).toMatch(
      /^the run does not fit into memory: it takes about .* GiB on cpu, where 2.50 GiB/,
    )
    const budget = Number(/train\.tokenBudget: (\d+) is the largest that fits/.exec(refused.refusal!.hint)![1])
    expect(budget).toBe(refused.memory!.largestTokenBudget)
    expect(plan(2.5 * GiB, { rollout: many, train: { tokenBudget: budget } }).warnings).toEqual([])
    expect(plan(2.5 * GiB, { rollout: many, train: { tokenBudget: budget + 1 } }).warnings).not.toEqual([])
    expect(refused.refusal?.hint).toMatch(/or else .*train\.activationCheckpointing: true/)
    expect(refused.refusal?.hint).toMatch(/--set memoryCheck=warn starts it all the same$/)
  })

  it('names changes that do fit where no token budget does', () => {
    // Weights, gradients and moments alone take 1.5 GiB.
    const refused = plan(1.3 * GiB)
    expect(refused.refusal?.hint).toMatch(/^no train\.tokenBudget alone makes it fit, but this does: .*lora: \{\}/)
    const small = plan(0.1 * GiB)
    expect(small.refusal?.hint).toMatch(/^no train\.tokenBudget makes it fit: choose a smaller model/)
  })

  it('starts a run that is to start all the same', () => {
    const insisted = plan(0.1 * GiB, { memoryCheck: 'warn' })
    expect(insisted.refusal).toBeUndefined()
    expect(insisted.warnings).toEqual([expect.stringMatching(/^the run does not fit into memory/)])
  })

  it('judges every device by itself', () => {
    const recipe = fakeRecipe({ rollout, device: 'cuda' })
    const judge = (free: { host?: number; accelerator?: number }) => makePlan(recipe, model, free)
    expect(judge({ host: 8 * GiB, accelerator: 8 * GiB }).warnings).toEqual([])
    expect(judge({ host: 8 * GiB }).warnings).toEqual([])
    expect(judge({ host: 8 * GiB, accelerator: GiB }).refusal?.message).toMatch(/GiB on cuda, where 1.00 GiB/)
    expect(judge({ host: GiB, accelerator: 8 * GiB }).refusal?.message).toMatch(/GiB on host, where 1.00 GiB/)
  })
})
