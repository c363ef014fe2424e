/**
 * What every entropy method keeps to. A method joins by its entry in index.ts. Batches are random: of the cases that
 * need care (ties, bounds, single tokens) each method's own tests have more.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { rngFrom } from '../../base/philox.js'
import { schemaEntries } from '../../base/schema/entries.js'
import { parseRecipe } from '../../recipe/index.js'
import { recipeSchema } from '../../recipe/schema.js'
import { atlasMethods } from '../../report/atlas/methods.js'
import { applyMethods, type CombinedEffect, type MethodSettings, optionsOf } from './apply.js'
import type { EntropyMethod, Statistic } from './method.js'
import {
  combinationProblem,
  type EntropyMethodName,
  entropyMethods,
  methodOptions,
  methods,
  optionGroups,
  schemaOf,
  stateSchemas,
} from './recipe-keys.js'
import { nextStates, setByStates, statesAlone } from './states.js'
import { surrogate } from './surrogate.js'
import type { ControllerView, MethodTokens } from './types.js'

type Method = EntropyMethod<EntropyMethodName>

const statistics = [
  'advantage',
  'S',
  'expectedS',
  'entropy',
  'logprob',
  'rolloutLogprob',
  'rolloutEntropy',
] as const satisfies readonly Statistic[]
const place = { seed: 5, step: 3, update: 1 }
/** An entropy at which every controller acts. */
const view: ControllerView = { entropy: 0.05, step: 3, steps: 10 }
const ppo = { clipLow: 0.2, clipHigh: 0.2 }

/** With the least that a recipe must give, and statistics that no two tokens share. */
const settingsOf = ({ name, example }: Method): MethodSettings => ({
  ...methodOptions(example?.entropy),
  method: name,
  ppo,
})

/** Completions of 1 to 30 tokens, a fifth of them without advantage, a tenth of the tokens not the policy's. */
function batchOf(seed: number): Required<MethodTokens> {
  const random = rngFrom(seed)
  const lengths = Array.from({ length: 6 }, () => 1 + Math.floor(30 * random()))
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0))
  const length = lengths.reduce((sum, own) => sum + own, 0)
  const floats = (of: () => number) => Float64Array.from({ length }, of)
  const advantage = new Float64Array(length)
  for (const [i, start] of starts.entries())
    advantage.fill(random() < 0.2 ? 0 : 4 * random() - 2, start, start + lengths[i])
  const logprob = floats(() => -6 * random())
  const entropy = floats(() => 3 * random())
  return {
    // With tails, so that something lies outside of two sigmas.
    S: floats(() => 0.3 * (2 * random() - 1) ** 5),
    expectedS: floats(() => 0.1 * random()),
    advantage,
    entropy,
    logprob,
    rolloutLogprob: logprob.map((value) => value + random() - 0.5),
    rolloutEntropy: entropy.map((value) => value * (0.8 + 0.4 * random())),
    isPolicyToken: Uint8Array.from({ length }, (_, t) => (t === 0 || random() < 0.9 ? 1 : 0)),
    starts,
  }
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)
const batches = seeds.map(batchOf)

function apply(method: Method, tokens: MethodTokens): CombinedEffect {
  const settings = settingsOf(method)
  const states = nextStates(settings, {}, { update: 0, ...view })
  return applyMethods(tokens, settings, { ...place, states })
}

/** d objective / d log p of every policy token, as training has it. */
function slopes(tokens: MethodTokens, { rule, mask, weight, ratio, rolloutKlCoef }: CombinedEffect): number[] {
  return Array.from(tokens.isPolicyToken, (flag, t) => {
    if (!flag || !mask[t]) return 0
    const own = Math.exp(tokens.logprob[t] - tokens.rolloutLogprob[t])
    const advantage = tokens.advantage[t] * (weight?.[t] ?? 1)
    const { slope } = surrogate(rule, {
      ratio: ratio?.[t] ?? own,
      advantage,
      logprob: tokens.logprob[t],
      rolloutLogprob: tokens.rolloutLogprob[t],
    })
    return slope - (rolloutKlCoef?.[t] ?? 0) * (own - 1)
  })
}

const none = methods.find(({ empty }) => empty)!

describe('the list of methods', () => {
  it('has one name for none, and every name once', () => {
    expect(methods.filter(({ empty }) => empty)).toHaveLength(1)
    expect(new Set(entropyMethods).size).toBe(methods.length)
  })

  it('excludes pairs alike from both sides, and accepts every other pair', () => {
    for (const [i, a] of methods.entries()) {
      for (const b of methods.slice(i + 1)) {
        const problem = combinationProblem([a.name, b.name])
        expect(combinationProblem([b.name, a.name])).toBe(problem)
        if (problem !== undefined) continue
        const examples = [a, b].map(({ example }) => example)
        const recipe = {
          entropy: Object.assign({ method: [a.name, b.name] }, ...examples.map((example) => example?.entropy)),
          algorithm: Object.assign({}, ...examples.map((example) => example?.algorithm)),
        }
        expect(() => parseRecipe({ model: 'm', task: { name: 't' }, ...recipe })).not.toThrow()
      }
    }
  })

  it('names only methods that exist as excluded', () => {
    for (const { excludes = [] } of methods) {
      for (const { because, with: others = [] } of excludes) {
        expect(because).not.toBe('')
        for (const name of others) expect(entropyMethods).toContain(name)
      }
    }
  })

  it('has one key for a group of options, a surrogate, and a state', () => {
    const once = (keys: string[]) => expect(new Set(keys).size).toBe(keys.length)
    once(optionGroups.map(({ key }) => key))
    once(methods.flatMap(({ surrogate: own }) => own?.name ?? []))
    once(methods.flatMap(({ controller }) => controller?.key ?? []))
  })
})

describe.each(methods.map((method) => [method.name, method] as const))('%s', (name, method) => {
  it('is a file of its name that says what it does and where it comes from', () => {
    const file = readFileSync(`src/entropy/methods/${name}.ts`, 'utf8')
    expect(file).toContain(`name: '${name}'`)
    // An engine thread loads the file, and must not load zod with it.
    expect(file).not.toMatch(/^import (?!type )[^\n]*'(zod|.*\/numbers\.js)'/m)
    expect(method.summary).toMatch(/[^.\s]$/)
    if (!method.empty) expect(method.source).toMatch(/\]\(https:\/\//)
  })

  it('is accepted by a recipe with its example, and only with it', () => {
    const recipe = (example: Method['example'] = {}) =>
      parseRecipe({
        model: 'm',
        task: { name: 't' },
        entropy: { method: name, ...example.entropy },
        ...(example.algorithm && { algorithm: example.algorithm }),
      })
    expect(recipe(method.example).entropy.method).toBe(name)
    if (method.example) expect(() => recipe()).toThrow(/^(entropy|algorithm)\./)
  })

  it('has options with the defaults that the reference documents', () => {
    const group = method.options
    if (!group) return
    const entries = schemaEntries(recipeSchema)
    for (const [key, value] of Object.entries(schemaOf(group).parse({}))) {
      const path = group.flat ? `entropy.${key}` : `entropy.${group.key}.${key}`
      const entry = entries.find((one) => one.path === path)!
      expect(entry.description).not.toBe('')
      expect(parse(entry.default!)).toEqual(value)
    }
  })

  it('masks and weighs policy tokens alone', () => {
    let masked = 0
    for (const tokens of batches) {
      const effect = apply(method, tokens)
      const own = tokens.isPolicyToken
      const wrong = Array.from(own.keys()).filter((t) => {
        const { mask, weight = [], rolloutKlCoef = [], ratio = [] } = effect
        const [w, coef, r] = [weight[t] ?? 1, rolloutKlCoef[t] ?? 0, ratio[t] ?? 1]
        const alone = own[t] ? w >= 0 && coef >= 0 : w === 1 && coef === 0
        return !((mask[t] === 0 || mask[t] === own[t]) && alone && r > 0)
      })
      expect(wrong).toEqual([])
      const lost = own.reduce((sum, flag, t) => sum + flag - effect.mask[t], 0)
      masked += lost
      expect(effect.maskedLow + effect.maskedHigh).toBe(method.masks === 'score' ? lost : 0)
    }
    // What is declared is what happens.
    expect(masked > 0).toBe(method.masks !== undefined)
  })

  it('depends on nothing but its input, and leaves that as it was', () => {
    for (const tokens of batches.slice(0, 5)) {
      const before = structuredClone(tokens)
      const effect = apply(method, tokens)
      expect(apply(method, tokens)).toEqual(effect)
      expect(tokens).toEqual(before)
    }
  })

  it('never looks at tokens that are not the policy’s', () => {
    for (const tokens of batches.slice(0, 5)) {
      const dirty = { ...tokens }
      for (const key of statistics) dirty[key] = tokens[key].map((value, t) => (tokens.isPolicyToken[t] ? value : NaN))
      expect(slopes(dirty, apply(method, dirty))).toEqual(slopes(tokens, apply(method, tokens)))
    }
  })

  it('takes float32 as it takes float64', () => {
    for (const tokens of batches.slice(0, 5)) {
      const [single, double] = [{ ...tokens }, { ...tokens }]
      for (const key of statistics) {
        single[key] = Float32Array.from(tokens[key])
        double[key] = Float64Array.from(single[key])
      }
      expect(apply(method, single)).toEqual(apply(method, double))
    }
  })

  it('goes with its completions under another order, unless it draws', () => {
    if (method.draws) return
    for (const tokens of batches) {
      const length = tokens.isPolicyToken.length
      const ends = tokens.starts.map((_, i) => tokens.starts[i + 1] ?? length)
      const order = tokens.starts.map((_, i) => i).reverse()
      const moved = order.flatMap((i) =>
        Array.from({ length: ends[i] - tokens.starts[i] }, (_, t) => tokens.starts[i] + t),
      )
      const other: Required<MethodTokens> = {
        ...tokens,
        isPolicyToken: Uint8Array.from(moved, (t) => tokens.isPolicyToken[t]),
        starts: order.map((_, k) => order.slice(0, k).reduce((sum, i) => sum + ends[i] - tokens.starts[i], 0)),
      }
      for (const key of statistics) other[key] = Float64Array.from(moved, (t) => tokens[key][t])
      const [first, second] = [apply(method, tokens), apply(method, other)]
      expect([...second.mask]).toEqual(moved.map((t) => first.mask[t]))
      for (const key of ['weight', 'ratio', 'rolloutKlCoef'] as const) {
        const gaps = moved.map((from, t) => Math.abs((second[key]?.[t] ?? 0) - (first[key]?.[from] ?? 0)))
        expect(Math.max(...gaps)).toBeLessThan(1e-9)
      }
    }
  })

  it('reads the statistics that it says it needs, and no others', () => {
    const tokens = batches[0]
    const effect = apply(method, tokens)
    const missing = { ...tokens }
    for (const key of statistics) {
      if (!method.needs.statistics.includes(key)) missing[key] = tokens[key].map(() => Number.NaN)
    }
    expect(apply(method, missing)).toEqual(effect)
    const at = tokens.isPolicyToken.lastIndexOf(1)
    for (const key of method.needs.statistics) {
      const broken = { ...tokens, [key]: tokens[key].with(at, Number.NaN) }
      expect(() => apply(method, broken)).toThrow(RangeError)
      // Optional in the type, for those who have no method that reads it.
      if (key === 'rolloutEntropy') expect(() => apply(method, { ...tokens, [key]: undefined })).toThrow(RangeError)
    }
  })

  it('needs moments of the distribution where it reads any, and takes bounds of them where it clips a score', () => {
    const { statistics: read, moments } = method.needs
    const reads = read.some(
      (key) => key === 'S' || key === 'expectedS' || key === 'entropy' || key === 'rolloutEntropy',
    )
    if (reads) expect(moments).toBeDefined()
    expect(moments === 'bounds').toBe(method.score !== undefined)
  })

  it('changes nothing where r = 1 if it needs a ratio, and something if it does not', () => {
    const onPolicy = batches.map((tokens) => ({
      ...tokens,
      rolloutLogprob: tokens.logprob,
      rolloutEntropy: tokens.entropy,
    }))
    const differs = onPolicy.some((tokens) => {
      const [own, plain] = [slopes(tokens, apply(method, tokens)), slopes(tokens, apply(none, tokens))]
      return own.some((slope, t) => Math.abs(slope - plain[t]) > 1e-12)
    })
    const { ratio, bonus, rewards } = method.needs
    if (ratio || rewards) expect(differs).toBe(false)
    else expect(differs).toBe(!method.empty && !bonus)
  })

  it('needs a bonus where it sets or asks for a coefficient', () => {
    const asks = method.controller?.entropyCoef !== undefined || method.example?.algorithm?.entropyCoef !== undefined
    expect(method.needs.bonus === true).toBe(asks)
  })

  it('needs a KL term to the sampling policy where it gives a coefficient of one', () => {
    const gives = batches.some((tokens) => apply(method, tokens).rolloutKlCoef?.some((coef) => coef !== 0))
    expect(method.needs.rolloutKl === true).toBe(gives)
  })

  it('has a rule that is data, and that acts on r alone', () => {
    const settings = settingsOf(method)
    const states: Record<string, unknown> = { ...nextStates(settings, {}, { update: 0, ...view }) }
    for (const state of [undefined, states[method.controller?.key ?? '']]) {
      const rule = method.rule?.(optionsOf(method, settings), ppo, state)
      expect(structuredClone(rule)).toEqual(rule)
    }
    const rule = method.rule?.(optionsOf(method, settings), ppo)
    // A rule of a method without an opinion on PPO's clip would never be asked for.
    if (rule) expect(method.ppoClip).toBeDefined()
  })

  it('carries a state that is JSON, and acts on a batch by itself', () => {
    const settings = settingsOf(method)
    let states = {}
    for (const [i, entropy] of [1, 0.1, 0.3].entries()) {
      const at = { entropy, step: i + 1, steps: 3 }
      states = nextStates(settings, states, { update: 0, ...at })
      expect(JSON.parse(JSON.stringify(states))).toEqual(states)
      for (const [key, state] of Object.entries(states)) expect(stateSchemas[key].parse(state)).toEqual(state)
      expect(nextStates(settings, states, { update: 1, ...at, entropy: 9 })).toEqual(states)
      for (const value of Object.values(setByStates(settings, states).metrics)) expect(value).toSatisfy(Number.isFinite)
    }
    expect(Object.keys(states)).toEqual(method.controller ? [method.controller.key] : [])
    const alone = applyMethods(batches[0], settings, { ...place, states: statesAlone(settings, view) })
    expect(alone.mask).toHaveLength(batches[0].isPolicyToken.length)
  })

  it('has rows in the atlas, unless it is an experiment', () => {
    const rows = atlasMethods(undefined, { mu: 2 })
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length)
    expect(rows.some(({ settings }) => settings.method === name)).toBe(method.experiment === undefined)
  })
})
