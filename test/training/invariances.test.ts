/** What must not change an optimizer step: how it is cut, ordered and packed, and the work that is left out. */
import { beforeAll, describe, expect, it } from 'vitest'
import { rngFrom } from '../../src/base/philox.js'
import type { TrainCompletion, TrainGroup, UpdateOptions, UpdateResult } from '../../src/train/backend.js'
import { Learner } from '../../src/train/local/learner.js'
import { startTestEngine } from '../engine.js'
import { largestGap, largestParameterGap, loadTiny, parametersOf, trainCompletion, updateOptions } from './models.js'

beforeAll(startTestEngine)

const random = rngFrom(11)
const ids = (length: number) => Array.from({ length }, () => Math.floor(64 * random()))
const spread = (length: number, around: number, width: number) =>
  Array.from({ length }, () => around + width * (random() - 0.5))

function completion(length: number, advantage: number, gradMask?: number[]): TrainCompletion {
  return trainCompletion(ids(length), {
    advantage,
    weight: 1 / 40,
    rolloutLogprob: spread(length, -5, 2),
    referenceLogprob: spread(length, -5, 2),
    gradMask,
  })
}

const groups: TrainGroup[] = [
  { prompt: Int32Array.from(ids(6)), completions: [completion(5, 1), completion(9, -0.7), completion(1, 0.4)] },
  { prompt: Int32Array.from(ids(3)), completions: [completion(4, 0), completion(2, 0)] },
  {
    prompt: Int32Array.from(ids(11)),
    completions: [completion(7, -1.2, [1, 0, 1, 1, 0, 0, 0]), completion(3, 0.9, [0, 0, 0]), completion(6, 0.3)],
  },
]

function afterUpdate(
  given: TrainGroup[],
  changes: Partial<UpdateOptions> = {},
  name = 'qwen2-tied',
): { result: UpdateResult; parameters: Map<string, Float32Array> } {
  const model = loadTiny(name)
  const learner = new Learner(model)
  try {
    const result = learner.update(given, updateOptions(changes))
    expect(result.applied).toBe(true)
    return { result, parameters: parametersOf(model) }
  } finally {
    learner.dispose()
    model.dispose()
  }
}

function expectSame(a: ReturnType<typeof afterUpdate>, b: ReturnType<typeof afterUpdate>) {
  expect(Math.abs(a.result.gradNorm / b.result.gradNorm - 1)).toBeLessThan(1e-5)
  expect(Math.abs(a.result.loss - b.result.loss)).toBeLessThan(1e-6 * (1 + Math.abs(b.result.loss)))
  // A step of 1e-2 with eps 1e-3 turns a gradient's rounding of 1e-7 into 1e-6 at most.
  expect(largestParameterGap(a.parameters, b.parameters)).toBeLessThan(2e-6)
}

const withKl = { klCoef: 0.1, klEstimator: 'k3', entropyCoef: 0 } as const
const base = { clipLow: 0.2, clipHigh: 0.2, importanceCap: Number.POSITIVE_INFINITY }

describe.each(['qwen2-tied', 'internlm2'])('an update of %s is the same', (name) => {
  const whole = () => afterUpdate(groups, {}, name)

  it.each([1, 13, 25, 40])('in micro-batches of %i tokens', (tokenBudget) => {
    expectSame(afterUpdate(groups, { tokenBudget }, name), whole())
  })

  it.each([13, 8192])('with activation checkpointing, in micro-batches of %i tokens', (tokenBudget) => {
    expectSame(afterUpdate(groups, { tokenBudget, activationCheckpointing: true }, name), whole())
  })

  it('for groups and completions in another order, and reports in the order given', () => {
    const turned = [...groups]
      .reverse()
      .map(({ prompt, completions }) => ({ prompt, completions: [...completions].reverse() }))
    const there = whole()
    const back = afterUpdate(turned, {}, name)
    expectSame(back, there)
    const reordered = [...back.result.tokens].reverse().map((group) => [...group].reverse())
    there.result.tokens.forEach((group, g) => {
      group.forEach(({ slope, logprob }, c) => {
        for (let t = 0; t < slope.length; t++) {
          expect(reordered[g][c].slope[t]).toBeCloseTo(slope[t], 4)
          if (!Number.isNaN(logprob[t])) expect(reordered[g][c].logprob[t]).toBeCloseTo(logprob[t], 4)
        }
      })
    })
  })

  it('for a shared prompt and for its own copy per completion', () => {
    const apart = groups.flatMap(({ prompt, completions }) =>
      completions.map((completion) => ({ prompt, completions: [completion] })),
    )
    expectSame(afterUpdate(apart, {}, name), whole())
  })
})

describe('ratios known before the pass and terms of single tokens', () => {
  const open = { clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY }
  const given = groups.map(({ prompt, completions }) => ({
    prompt,
    completions: completions.map((one, c) => ({
      ...one,
      ratio: new Float32Array(one.tokens.length).fill(0.9 + 0.3 * c),
      rolloutKlCoef: Float32Array.from(one.tokens, (_, t) => (t % 3 === 0 ? 0.5 : 0)),
    })),
  }))
  const objective = { ...base, klCoef: 0, klEstimator: 'k3', entropyCoef: 0 } as const

  it.each([
    ['clip', {}],
    ['weight', { surrogate: 'weight', clipHigh: 0.1 }],
    ['dual clip', { ...open, dualClip: 1.3 }],
  ] as const)('give the same update in micro-batches of 13 tokens: %s', (_, rule) => {
    const whole = afterUpdate(given, { objective: { ...objective, ...rule } })
    expectSame(afterUpdate(given, { objective: { ...objective, ...rule }, tokenBudget: 13 }), whole)
  })

  it('reach the gradient: the slope is the given ratio times A, less the pull back to the sampler', () => {
    const { result } = afterUpdate(given, { objective: { ...objective, ...open } })
    const [{ completions }] = given
    completions.forEach(({ advantage, ratio, rolloutKlCoef, rolloutLogprob }, c) => {
      const { slope, logprob } = result.tokens[0][c]
      slope.forEach((value, t) => {
        const pull = rolloutKlCoef[t] * Math.expm1(logprob[t] - rolloutLogprob[t])
        expect(value).toBeCloseTo(ratio[t] * advantage[t] - pull, 5)
      })
    })
  })

  it('need a pass for a term even where A is 0', () => {
    const { result } = afterUpdate(given, { objective })
    expect(result.tokens[1][0].slope[0]).not.toBe(0)
    expect(Math.abs(result.tokens[1][0].slope[1])).toBe(0)
  })
})

describe('work that cannot change the result', () => {
  /** An entropy bonus too small to matter makes every row, token and completion necessary. */
  const everything = { ...base, klCoef: 0, klEstimator: 'k3', entropyCoef: 1e-30 } as const

  it('is left out: fewer tokens, the same step', () => {
    const skipped = afterUpdate(groups)
    const computed = afterUpdate(groups, { objective: everything })
    expect(skipped.result.trainedTokens).toBeLessThan(computed.result.trainedTokens)
    expectSame(skipped, computed)
    // Prompt 1 and its two completions, the masked completion of prompt 2, the masked end of its first.
    const all = groups.reduce(
      (total, { prompt, completions }) =>
        completions.reduce((sum, { tokens }) => sum + tokens.length, total + prompt.length),
      0,
    )
    expect(computed.result.trainedTokens).toBe(all)
    expect(skipped.result.trainedTokens).toBe(all - (3 + 4 + 2) - 3 - 3)
  })

  it('is done where every log-probability is asked for, and is the same step', () => {
    const asked = afterUpdate(groups, { everyToken: true })
    expect(asked.result.tokens.flat().some(({ logprob }) => logprob.some(Number.isNaN))).toBe(false)
    const computed = afterUpdate(groups, { objective: everything })
    asked.result.tokens.flat().forEach(({ logprob }, i) => {
      expect(largestGap(logprob, computed.result.tokens.flat()[i].logprob)).toBe(0)
    })
    expectSame(asked, afterUpdate(groups))
  })

  it('is not left out where a KL term or a bonus needs it', () => {
    const kl = afterUpdate(groups, { objective: { ...base, ...withKl } })
    // Advantage 0 moves under KL; what the entropy mask stops does not.
    expect(kl.result.tokens[1][0].logprob.some(Number.isNaN)).toBe(false)
    expect(kl.result.tokens[2][1].logprob.every(Number.isNaN)).toBe(true)
    const bonus = afterUpdate(groups, { objective: { ...base, klCoef: 0, klEstimator: 'k3', entropyCoef: 0.1 } })
    expect(bonus.result.tokens.flat().some(({ logprob }) => logprob.some(Number.isNaN))).toBe(false)
  })

  it('may be all work: the step still decays moments and weights, in every parameter alike', () => {
    const idle: TrainGroup[] = [{ prompt: Int32Array.from([1, 2]), completions: [completion(3, 0), completion(4, 0)] }]
    const options = updateOptions({ weightDecay: 0.5 })
    const model = loadTiny('llama')
    const before = parametersOf(model)
    const learner = new Learner(model)
    const result = learner.update(idle, options)
    expect(result).toMatchObject({ applied: true, trainedTokens: 0, gradNorm: 0 })
    expect(Math.abs(result.loss)).toBe(0)
    // A zero gradient leaves AdamW's decay: p (1 - lr weightDecay).
    for (const [name, values] of parametersOf(model)) {
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(before.get(name)![i] * (1 - 1e-2 * 0.5), 5)
    }
    learner.update(groups, options)
    const between = parametersOf(model)
    learner.update(idle, updateOptions())
    // The first moment of a gradient moves every parameter that it once reached.
    for (const [name, values] of parametersOf(model)) {
      expect({ name, moved: values.some((value, i) => value !== between.get(name)![i]) }).toEqual({ name, moved: true })
    }
    learner.dispose()
    model.dispose()
  })
})

describe('an update that must not happen', () => {
  it('leaves the weights as they are where a log-probability is not finite, and says where', () => {
    const model = loadTiny('llama')
    const learner = new Learner(model)
    const before = parametersOf(model)
    const broken = structuredClone(groups)
    broken[2].completions[0].rolloutLogprob[2] = Number.NaN
    const result = learner.update(broken, updateOptions({ tokenBudget: 20 }))
    expect(result).toMatchObject({ applied: false, interrupted: false })
    expect(result.nonFinite).toEqual({ what: 'loss', tokens: [{ group: 2, completion: 0, position: 2 }] })
    expect(largestParameterGap(parametersOf(model), before)).toBe(0)
    // Nothing of the broken micro-batches stays behind: the next update is the first one.
    learner.update(groups, updateOptions())
    const sound = afterUpdate(groups, {}, 'llama')
    expect(largestParameterGap(parametersOf(model), sound.parameters)).toBe(0)
    learner.dispose()
    model.dispose()
  })

  it('ends at the run’s signal only where it may', () => {
    const model = loadTiny('llama')
    const learner = new Learner(model)
    const before = parametersOf(model)
    const stopped = learner.update(groups, updateOptions({ interruptible: true, tokenBudget: 1 }), () => true)
    expect(stopped).toMatchObject({ applied: false, interrupted: true })
    expect(stopped.nonFinite).toBeUndefined()
    expect(largestParameterGap(parametersOf(model), before)).toBe(0)
    expect(learner.update(groups, updateOptions(), () => true)).toMatchObject({ applied: true, interrupted: false })
    learner.dispose()
    model.dispose()
  })
})
