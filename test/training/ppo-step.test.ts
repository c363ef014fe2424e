/** Whole steps of PPO against PyTorch's autograd (test/golden/ppo_step.py), and what must not change a critic's step. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { rngFrom } from '../../src/base/philox.js'
import { entropyMethods, methods } from '../../src/entropy/methods/recipe-keys.js'
import { exportParts } from '../../src/model/parameters.js'
import { openSafetensors } from '../../src/model/safetensors.js'
import { parseRecipe } from '../../src/recipe/index.js'
import { sampleCompletions } from '../../src/rollout/sampler.js'
import { liveTensors } from '../../src/torch/index.js'
import type { TrainItem } from '../../src/train/batch.js'
import type { Critic } from '../../src/train/local/critic.js'
import { optimizeMinibatch } from '../../src/train/optimize.js'
import { creditTokens, withCredit } from '../../src/train/ppo/credit.js'
import type { CompletionGroup, CriticUpdateOptions, ValueGroup } from '../../src/train/ppo/critic.js'
import { updateCritic } from '../../src/train/ppo/critic-step.js'
import { withKlCoef } from '../../src/train/ppo/kl-to-reference.js'
import type { CriticTrunk } from '../../src/train/ppo/section.js'
import { explainedVariance } from '../../src/train/ppo/whiten.js'
import { startTestEngine } from '../engine.js'
import { largestGap, largestParameterGap, parametersOf } from './models.js'
import { itemOf, policyAndCritic } from './ppo.js'

beforeAll(startTestEngine)

interface Golden {
  trunk: CriticTrunk
  temperature: number
  gamma: number
  lambda: number
  valueClip: number | null
  klCoef: number
  klIn: 'loss' | 'reward'
  gradClip: number | null
  criticGradClip: number | null
  whiten: boolean
  clipLow: number
  clipHigh: number
  lr: number
  criticLr: number
  weightDecay: number
  betas: [number, number]
  eps: number
  head: Record<string, number[] | number[][]>
  items: (Parameters<typeof itemOf>[0] & {
    reward: number
    values?: number[]
    advantages?: number[]
    returns?: number[]
  })[]
  epochs: Record<'policy' | 'critic', { loss: number; gradNorm: number }>[]
}

const root = 'test/fixtures/training'
const near = (found: number, expected: number) => Math.abs(found - expected) / (1 + Math.abs(expected))

function criticParameters(critic: Critic): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>()
  for (const parameter of critic.parameters()) {
    for (const { name, bytes } of exportParts(parameter)) found.set(name, new Float32Array(bytes.slice().buffer))
  }
  return found
}

function recipeOf(golden: Golden, tokenBudget: number) {
  return parseRecipe({
    model: 'm',
    task: { name: 't' },
    rollout: { temperature: golden.temperature },
    algorithm: {
      name: 'ppo',
      klCoef: golden.klCoef,
      klIn: golden.klIn,
      clipLow: golden.clipLow,
      clipHigh: golden.clipHigh,
    },
    critic: {
      trunk: golden.trunk,
      gamma: golden.gamma,
      lambda: golden.lambda,
      valueClip: golden.valueClip ?? Infinity,
      whiten: golden.whiten,
      lr: golden.criticLr,
      gradClip: golden.criticGradClip ?? Infinity,
    },
    train: {
      lr: golden.lr,
      weightDecay: golden.weightDecay,
      betas: golden.betas,
      eps: golden.eps,
      gradClip: golden.gradClip ?? Infinity,
      tokenBudget,
    },
  })
}

describe.each(['qwen3', 'llama-tied-biases'])('two epochs of PPO on %s', (name) => {
  const golden = JSON.parse(readFileSync(join(root, `ppo-step-${name}.json`), 'utf8')) as Golden

  it.each([8192, 20, 1])('are those of PyTorch, with micro-batches of %i tokens', async (tokenBudget) => {
    const { backend, model, critic, setHead, dispose } = policyAndCritic(name, golden.trunk)
    setHead(golden.head)
    const recipe = recipeOf(golden, tokenBudget)
    const sampled = golden.items.map(itemOf)
    const rewards = golden.items.map(({ reward }) => reward)
    const klCoef = golden.klIn === 'reward' ? golden.klCoef : 0
    const credit = await creditTokens(backend, recipe, sampled, { rewards, klCoef, step: 1 })
    const items = withCredit(sampled, credit)
    golden.items.forEach(({ counts, values, advantages, returns }, i) => {
      if (!counts) {
        expect(credit.values[i]).toBeUndefined()
        expect(items[i].advantage.every((advantage) => advantage === 0)).toBe(true)
        return
      }
      expect(largestGap(credit.values[i]!, values!)).toBeLessThan(1e-5)
      expect(largestGap(items[i].advantage, advantages!)).toBeLessThan(3e-5)
      expect(largestGap(credit.returns[i]!, returns!)).toBeLessThan(1e-5)
    })

    const indices = items.map((_, i) => i)
    const clipped = { policy: 0, critic: 0 }
    for (const [update, expected] of golden.epochs.entries()) {
      // The entropy statistics are beside the point: they stay the sampler's.
      const inLoss = withKlCoef({ ...recipe, entropy: { ...recipe.entropy, statistics: 'rollout' } }, golden.klCoef)
      const place = { lr: golden.lr, step: 1, update, entropyState: {}, rolloutEntropy: 0 }
      const policy = (await optimizeMinibatch(backend, inLoss, items, place))!
      const learnt = (await updateCritic(
        backend,
        recipe,
        { items, indices, credit },
        { step: 1, interruptible: false },
      ))!
      expect(near(policy.loss, expected.policy.loss)).toBeLessThan(1e-5)
      expect(Math.abs(policy.gradNorm / expected.policy.gradNorm - 1)).toBeLessThan(1e-3)
      expect(learnt).toMatchObject({ applied: true, tokens: 21, lr: golden.criticLr })
      expect(near(learnt.loss, expected.critic.loss)).toBeLessThan(1e-5)
      expect(Math.abs(learnt.gradNorm / expected.critic.gradNorm - 1)).toBeLessThan(1e-3)
      clipped.policy += policy.clipped
      clipped.critic += learnt.clipped
    }
    // Both clips are in what is compared.
    expect(clipped.policy).toBeGreaterThan(0)
    if (golden.valueClip !== null) expect(clipped.critic).toBeGreaterThan(0)

    const file = openSafetensors(join(root, `ppo-step-${name}.safetensors`))
    const after = parametersOf(model)
    for (const [key, values] of criticParameters(critic)) after.set(`critic.${key}`, values)
    expect([...after.keys()].sort()).toEqual([...file.tensors.keys()].sort())
    for (const [key, values] of after) {
      const expected = new Float32Array(values.length)
      file.readInto(key, new Uint8Array(expected.buffer))
      expect({ key, same: largestGap(values, expected) < 2e-5 }).toEqual({ key, same: true })
    }
    file.close()
    dispose()
  })
})

describe("PPO's advantages", () => {
  // A method with a baseline replaces a group's mean, which PPO does not use; its own check refuses the pair.
  const withCritic = entropyMethods.filter(
    (name) => methods.find((method) => method.name === name)?.baseline === undefined,
  )

  it.each(withCritic)('go through %s, and the critic sees every policy token all the same', async (method) => {
    const { backend, model, setHead, dispose } = policyAndCritic('llama', 'frozen')
    setHead({ 'score.weight': Array.from({ length: 16 }, (_, i) => Math.sin(i)), 'score.bias': [0.2] })
    const prompts = [Int32Array.of(1, 5, 9), Int32Array.of(7), Int32Array.of(3, 3, 8, 40)]
    const { completions } = sampleCompletions(
      model,
      prompts.map((tokens, key) => ({ key, tokens })),
      {
        samplesPerPrompt: 2,
        maxNewTokens: 12,
        temperature: 1,
        topP: 1,
        topK: 0,
        minP: 0,
        stopTokens: [2],
        stopStrings: [],
        seed: 1,
        step: 0,
        batchSize: 8,
      },
    )
    const sampled: TrainItem[] = completions.map((completion, i) => ({
      group: completion.prompt,
      prompt: prompts[completion.prompt],
      completion,
      advantage: new Float32Array(completion.tokens.length),
      counts: i !== 4,
    }))
    const { example } = methods.find(({ name }) => name === method)!
    const recipe = parseRecipe({
      model: 'm',
      task: { name: 't' },
      algorithm: { name: 'ppo', ...example?.algorithm },
      entropy: { method, ...example?.entropy },
    })
    const credit = await creditTokens(backend, recipe, sampled, { rewards: [1, 0, 0, 1, 1, 0], klCoef: 0, step: 1 })
    const items = withCredit(sampled, credit)
    const advantages = items.map(({ advantage }) => [...advantage])
    const indices = items.map((_, i) => i)
    const policyTokens = items.reduce((total, { counts, advantage }) => total + (counts ? advantage.length : 0), 0)
    let entropyState = {}
    for (const update of [0, 1]) {
      const report = await optimizeMinibatch(backend, recipe, items, {
        lr: 1e-2,
        step: 1,
        update,
        entropyState,
        rolloutEntropy: 3,
      })
      expect(report).toMatchObject({ policyTokens, update: { applied: true } })
      expect(report!.gradNorm).toBeGreaterThan(0)
      expect(report!.masks[4].some((flag) => flag !== 0)).toBe(false)
      entropyState = report!.entropyState
      const learnt = await updateCritic(backend, recipe, { items, indices, credit }, { step: 1, interruptible: false })
      expect(learnt).toMatchObject({ applied: true, tokens: policyTokens })
    }
    expect(items.map(({ advantage }) => [...advantage])).toEqual(advantages)
    dispose()
  })
})

const random = rngFrom(5)
const ids = (length: number) => Int32Array.from({ length }, () => Math.floor(64 * random()))
const floats = (length: number) => Float32Array.from({ length }, () => random() - 0.5)
const valued = (length: number) => ({ tokens: ids(length), oldValue: floats(length), target: floats(length) })
const groups: ValueGroup[] = [
  { prompt: ids(5), completions: [valued(6), valued(1), valued(9)] },
  { prompt: ids(2), completions: [valued(3)] },
  { prompt: ids(8), completions: [valued(4), valued(7)] },
]
const tokens = 6 + 1 + 9 + 3 + 4 + 7

const options = (changes: Partial<CriticUpdateOptions> = {}): CriticUpdateOptions => ({
  lr: 1e-2,
  weightDecay: 0,
  betas: [0.9, 0.99],
  // Wide enough that a gradient's rounding does not become the step's sign.
  eps: 1e-3,
  gradClip: Number.POSITIVE_INFINITY,
  valueClip: 0.2,
  tokenBudget: 8192,
  interruptible: false,
  ...changes,
})

function afterUpdates(given: ValueGroup[], trunk: CriticTrunk, changes: Partial<CriticUpdateOptions> = {}) {
  const { critic, dispose } = policyAndCritic('qwen2-tied', trunk)
  // The head begins at 0, so only from the second step on does a trunk see a gradient.
  const results = [1, 2, 3].map(() => critic.update(given, options(changes)))
  const parameters = criticParameters(critic)
  dispose()
  return { results, parameters }
}

describe.each(['own', 'frozen'] as const)('a critic with a trunk of kind %s', (trunk) => {
  it.each([1, 9, 21])('learns the same in micro-batches of %i tokens', (tokenBudget) => {
    const whole = afterUpdates(groups, trunk)
    const small = afterUpdates(groups, trunk, { tokenBudget })
    whole.results.forEach((result, i) => {
      expect(result).toMatchObject({ applied: true, tokens })
      expect(small.results[i]).toMatchObject({ applied: true, tokens, clipped: result.clipped })
      expect(small.results[i].loss).toBeCloseTo(result.loss, 6)
      expect(small.results[i].gradNorm / result.gradNorm).toBeCloseTo(1, 4)
    })
    expect(largestParameterGap(small.parameters, whole.parameters)).toBeLessThan(1e-5)
  })

  it('learns the same whether or not completions share their prompt', () => {
    const apart = groups.flatMap(({ prompt, completions }) =>
      completions.map((own) => ({ prompt, completions: [own] })),
    )
    expect(
      largestParameterGap(afterUpdates(apart, trunk).parameters, afterUpdates(groups, trunk).parameters),
    ).toBeLessThan(1e-5)
  })

  it('trains its own parameters and none of the policy', () => {
    const { model, critic, dispose } = policyAndCritic('llama', trunk)
    const before = parametersOf(model)
    critic.update(groups, options())
    critic.update(groups, options())
    expect(largestParameterGap(parametersOf(model), before)).toBe(0)
    const after = criticParameters(critic)
    expect(after.has('model.embed_tokens.weight')).toBe(trunk === 'own')
    expect(after.has('lm_head.weight')).toBe(false)
    for (const [name, values] of after) {
      const start = before.get(name) ?? new Float32Array(values.length)
      expect({ name, moved: largestGap(values, start) > 0 }).toEqual({ name, moved: true })
    }
    dispose()
  })

  it('keeps no tensor', () => {
    const live = liveTensors()
    const { critic, dispose } = policyAndCritic('llama', trunk)
    critic.values([{ prompt: groups[0].prompt, completions: [groups[0].completions[0].tokens] }], { tokenBudget: 9 })
    critic.update(groups, options({ tokenBudget: 9 }))
    dispose()
    expect(liveTensors()).toBe(live)
  })

  it('is left alone by a return that is not finite, which it names, and by an interruption', () => {
    const { critic, dispose } = policyAndCritic('llama', trunk)
    critic.update(groups, options())
    const before = criticParameters(critic)
    const broken = structuredClone(groups)
    broken[2].completions[1].target[3] = Number.NaN
    const result = critic.update(broken, options({ tokenBudget: 12 }))
    expect(result).toMatchObject({ applied: false, interrupted: false })
    expect(result.nonFinite).toEqual([{ group: 2, completion: 1, position: 3 }])
    const stopped = critic.update(groups, options({ interruptible: true }), () => true)
    expect(stopped).toMatchObject({ applied: false, interrupted: true })
    expect(stopped.nonFinite).toBeUndefined()
    expect(largestParameterGap(criticParameters(critic), before)).toBe(0)
    dispose()
  })
})

describe('a critic learns', () => {
  const batch = (count: number, vocabulary: number): CompletionGroup[] =>
    Array.from({ length: count }, () => ({
      prompt: ids(3),
      completions: [Int32Array.from(ids(8), (id) => id % vocabulary)],
    }))

  /** Explained variance on problems not seen, after `steps` updates towards the returns `targetsOf` each completion. */
  function explained(
    { critic }: { critic: Critic },
    targetsOf: (groups: CompletionGroup[]) => ArrayLike<number>[],
    { steps, lr, vocabulary = 64 }: { steps: number; lr: number; vocabulary?: number },
  ): number {
    for (let step = 0; step < steps; step++) {
      const given = batch(24, vocabulary)
      const targets = targetsOf(given)
      const groups = given.map(({ prompt, completions: [tokens] }, i) => ({
        prompt,
        completions: [{ tokens, oldValue: new Float32Array(8), target: Float32Array.from(targets[i]) }],
      }))
      critic.update(groups, options({ lr, eps: 1e-8, valueClip: Number.POSITIVE_INFINITY }))
    }
    const held = batch(24, vocabulary)
    return explainedVariance(
      critic.values(held, { tokenBudget: 8192 }).map(([own]) => own),
      targetsOf(held),
    )
  }

  it('a return that the last token decides, with its own trunk', () => {
    const known = policyAndCritic('llama', 'own')
    // 1 behind a token of 0 .. 7, 0 behind one of 8 .. 15, -0.5 behind the prompt.
    const targetsOf = (groups: CompletionGroup[]) =>
      groups.map(({ completions: [tokens] }) =>
        Array.from(tokens, (_, t) => (t === 0 ? -0.5 : tokens[t - 1] < 8 ? 1 : 0)),
      )
    expect(explained(known, targetsOf, { steps: 60, lr: 2e-2, vocabulary: 16 })).toBeGreaterThan(0.9)
    known.dispose()
  })

  it("another head's values, as a head on the same frozen trunk", () => {
    const teacher = policyAndCritic('llama', 'frozen')
    teacher.setHead({ 'score.weight': Array.from({ length: 16 }, () => random() - 0.5), 'score.bias': [0.7] })
    const known = policyAndCritic('llama', 'frozen')
    const targetsOf = (groups: CompletionGroup[]) =>
      teacher.critic.values(groups, { tokenBudget: 8192 }).map(([own]) => own)
    expect(explained(known, targetsOf, { steps: 60, lr: 5e-2 })).toBeGreaterThan(0.9)
    known.dispose()
    teacher.dispose()
  })
})
