/** The ledger of an optimizer step on tiny models, against what the step does. */
import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import {
  largestParameterGap,
  loadTiny,
  parametersOf,
  trainCompletion,
  updateOptions,
} from '../../../test/training/models.js'
import { rngFrom } from '../../base/philox.js'
import { Lora } from '../../model/lora/lora.js'
import { scoreCompletions } from '../../rollout/scoring.js'
import { hostLooks, liveTensors } from '../../torch/index.js'
import type { TrainGroup, UpdateOptions } from '../backend.js'
import { Learner } from './learner.js'

beforeAll(startTestEngine)

const random = rngFrom(5)
const ids = (length: number) => Array.from({ length }, () => Math.floor(64 * random()))
const completion = (length: number, advantage: number, weight = 1 / 26, gradMask?: number[]) =>
  trainCompletion(ids(length), { advantage, weight, rolloutLogprob: new Array(length).fill(-4.2), gradMask })

/** 26 policy tokens; the completion of weight 0 has none. */
const groups: TrainGroup[] = [
  { prompt: Int32Array.from(ids(5)), completions: [completion(6, 1), completion(7, -0.8), completion(4, 1, 0)] },
  {
    prompt: Int32Array.from(ids(3)),
    completions: [completion(4, 0), completion(9, -1.1, 1 / 26, [1, 0, 1, 1, 0, 0, 1, 0, 0])],
  },
]
const objective = {
  clipLow: Infinity,
  clipHigh: Infinity,
  importanceCap: Infinity,
  klCoef: 0,
  klEstimator: 'k3',
  entropyCoef: 0,
} as const
const options = (changes: Partial<UpdateOptions> = {}) => updateOptions({ ledger: true, objective, ...changes })

function withLearner<T>(use: (learner: Learner) => T, name = 'qwen2-tied'): T {
  const model = loadTiny(name)
  const learner = new Learner(model)
  try {
    return use(learner)
  } finally {
    learner.dispose()
    model.dispose()
  }
}

/** The second step of two: momentum is there by then. */
const secondStep = (changes: Partial<UpdateOptions>, name?: string) =>
  withLearner((learner) => {
    learner.update(groups, options({ lr: 1e-2, ledger: false }))
    return learner.update(groups, options(changes))
  }, name)

function meanEntropy(learner: Learner): number {
  const scored = scoreCompletions(
    learner.model,
    groups.map(({ prompt, completions }) => ({ prompt, completions: completions.map(({ tokens }) => tokens) })),
    { temperature: 1, tokenBudget: 1000 },
  )
  let [sum, count] = [0, 0]
  groups.forEach(({ completions }, g) => {
    completions.forEach(({ weight }, c) => {
      weight.forEach((w, t) => {
        if (w === 0) return
        sum += scored[g][c].entropy[t]
        count++
      })
    })
  })
  return sum / count
}

describe('the ledger of a step', () => {
  it.each(['qwen2-tied', 'llama'])('on %s: the error of the prediction falls as the square of the step', (name) => {
    const errors = [1e-3, 5e-4, 2.5e-4].map((lr) => {
      const { entropyBefore, entropyAfter, exact } = secondStep({ lr, weightDecay: 0.1 }, name).ledger!
      return { exact, error: entropyAfter - entropyBefore - exact }
    })
    // Halving the step halves the prediction and quarters what it misses.
    for (let i = 0; i < 2; i++) {
      expect(errors[i].exact / errors[i + 1].exact).toBeCloseTo(2, 3)
      expect(errors[i].error / errors[i + 1].error).toBeGreaterThan(3.5)
      expect(errors[i].error / errors[i + 1].error).toBeLessThan(4.5)
    }
    expect(Math.abs(errors[2].error / errors[2].exact)).toBeLessThan(0.1)
  })

  it('gives the mean entropy of the policy tokens before and after', () => {
    withLearner((learner) => {
      const before = meanEntropy(learner)
      const { ledger } = learner.update(groups, options())
      expect(ledger!.entropyBefore).toBeCloseTo(before, 6)
      expect(ledger!.entropyAfter).toBeCloseTo(meanEntropy(learner), 6)
      expect(Math.abs(ledger!.entropyAfter - before)).toBeGreaterThan(1e-3)
    })
  })

  it.each([
    ['plain', {}],
    ['weight decay', { weightDecay: 0.3 }],
    ['clipped', { gradClip: 0.05 }],
    ['at a temperature', { temperature: 1.7 }],
    ['an entropy bonus', { objective: { ...objective, entropyCoef: 0.3 } }],
  ] as [string, Partial<UpdateOptions>][])('falls into shares that sum to the prediction: %s', (_, changes) => {
    const { ledger, tokens: said } = secondStep({ lr: 1e-3, ...changes })
    const { exact, momentum, decay, gradient, tokens } = ledger!
    const size = Math.abs(momentum) + Math.abs(decay) + Math.abs(gradient)
    expect(Math.abs(momentum + decay + gradient - exact) / size).toBeLessThan(1e-4)
    expect(decay !== 0).toBe(changes.weightDecay !== undefined)
    const bonus = changes.objective?.entropyCoef ?? 0
    let fromTokens = 0
    groups.forEach(({ completions }, g) => {
      completions.forEach(({ weight, gradMask }, c) => {
        weight.forEach((w, t) => {
          const slope = gradMask[t] ? said[g][c].slope[t] : 0
          fromTokens += w * (slope * tokens![g][c].logprob[t] + bonus * tokens![g][c].entropy[t])
        })
      })
    })
    // Up to the third order of the difference and the rounding of float32.
    expect(Math.abs(fromTokens - gradient) / size).toBeLessThan(3e-3)
    expect(Math.abs(gradient)).toBeGreaterThan(1e-6)
  })

  it('has no share of momentum in the first step', () => {
    const { ledger } = withLearner((learner) => learner.update(groups, options({ lr: 1e-3 })))
    expect(ledger!.momentum).toBe(0)
    expect(ledger!.gradient / ledger!.exact).toBeCloseTo(1, 3)
  })

  it('leaves the step as it is, to the bit, and no tensor behind', () => {
    const twoSteps = (ledger: boolean) =>
      withLearner((learner) => {
        const results = [1, 2].map(() => learner.update(groups, options({ ledger, gradClip: 0.1, weightDecay: 0.1 })))
        expect(results.every((result) => (result.ledger !== undefined) === ledger)).toBe(true)
        return { losses: results.map(({ loss }) => loss), parameters: parametersOf(learner.model) }
      })
    const without = twoSteps(false)
    const measured = twoSteps(true)
    expect(measured.losses).toEqual(without.losses)
    expect(largestParameterGap(measured.parameters, without.parameters)).toBe(0)
    // Constants stay, one per value: the same steps again make no more.
    const live = liveTensors()
    twoSteps(true)
    expect(liveTensors()).toBe(live)
  })

  it('looks once at all of its inner products before the step and once after it', () => {
    const looksOf = (ledger: boolean) =>
      withLearner((learner) => {
        const before = hostLooks()
        learner.update(groups, options({ ledger }))
        return hostLooks() - before
      })
    // Beside them the chunk of the pass for grad H, and one each of scoring on both sides of the step and behind it.
    expect(looksOf(true) - looksOf(false)).toBe(2 + 1 + 3)
  })

  it('is the same for every micro-batch size', () => {
    const [whole, cut] = [8192, 12].map((tokenBudget) => secondStep({ lr: 1e-3, tokenBudget }).ledger!)
    expect(cut.exact / whole.exact).toBeCloseTo(1, 3)
    expect(cut.entropyAfter).toBeCloseTo(whole.entropyAfter, 5)
  })

  it('has nothing to say of a step that is not taken', () => {
    withLearner((learner) => {
      const poisoned = structuredClone(groups)
      poisoned[0].completions[0].advantage.fill(Number.NaN)
      expect(learner.update(poisoned, options())).toMatchObject({ applied: false })
      expect(learner.update(poisoned, options()).ledger).toBeUndefined()
      const stopped = learner.update(groups, options({ interruptible: true }), () => true)
      expect(stopped).toMatchObject({ interrupted: true })
      expect(stopped.ledger).toBeUndefined()
    })
  })

  it('sees that a step of size 0 moves nothing', () => {
    const { ledger } = secondStep({ lr: 0 })
    expect(ledger!.exact).toBe(0)
    expect(Math.abs(ledger!.gradient)).toBe(0)
    expect(ledger!.tokens![0][0].logprob.every((value) => value === 0)).toBe(true)
  })

  it.each([0, 0.3])('predicts the step of an adapter, with dropout %d, of the policy without', (rate) => {
    const model = loadTiny('qwen3')
    const adapter = Lora.create(model, {
      rank: 2,
      alpha: 4,
      targets: 'all-linear',
      rankStabilized: false,
      seed: 3,
      baseModel: 'tiny',
    })
    adapter.attach(model)
    const learner = new Learner(model, { lora: { adapter, ...(rate > 0 ? { dropout: { rate, seed: 5 } } : {}) } })
    // From the second step on the factors A have gradients too.
    learner.update(groups, options({ lr: 1e-2, ledger: false }))
    const before = meanEntropy(learner)
    const { ledger } = learner.update(groups, options({ lr: 2e-4 }))
    const { entropyBefore, entropyAfter, exact, momentum, gradient, tokens } = ledger!
    expect(entropyBefore).toBeCloseTo(before, 6)
    expect(entropyAfter).toBeCloseTo(meanEntropy(learner), 6)
    expect((entropyAfter - entropyBefore) / exact).toBeCloseTo(1, 1)
    expect((momentum + gradient) / exact).toBeCloseTo(1, 3)
    expect(tokens![0][0].logprob.some((value) => value !== 0)).toBe(true)
    learner.dispose()
    adapter.dispose()
    model.dispose()
  })

  it('is the same with activation checkpointing', () => {
    const [kept, recomputed] = [false, true].map(
      (activationCheckpointing) => secondStep({ lr: 1e-3, activationCheckpointing }).ledger!,
    )
    expect(recomputed.exact / kept.exact).toBeCloseTo(1, 4)
    expect(recomputed.entropyAfter).toBeCloseTo(kept.entropyAfter, 6)
  })

  it('leaves out the tokens’ shares in half precision', () => {
    const model = loadTiny('qwen3', 'bfloat16')
    const learner = new Learner(model)
    const { ledger } = learner.update(groups, options({ lr: 1e-2 }))
    expect(ledger!.tokens).toBeUndefined()
    expect(Math.sign(ledger!.exact)).toBe(Math.sign(ledger!.gradient))
    learner.dispose()
    model.dispose()
  })
})
