import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { methods } from '../../entropy/methods/recipe-keys.js'
import { entropyWarnings } from '../../recipe/entropy-rules.js'
import { chooseClaims, claimsAt } from './claims.js'
import { merge, planReproduction, runKey } from './plan.js'
import { mini } from './scales/mini.js'
import { small } from './scales/small.js'
import type { Claim, Scale } from './types.js'

const policyOf = (name: string) => ({ model: `/models/${name}`, weights: `hash of ${name}` })
const plan = (scale: Scale, claims: readonly Claim[], seeds = 2, root = 'out', firstSeed = 1) =>
  planReproduction({ scale, claims, seeds, firstSeed, root, policyOf })

describe('merge', () => {
  it('merges sections and replaces everything else', () => {
    const changes = { train: { lr: 1 }, list: [3], eval: 5 }
    expect(merge({ train: { lr: 2, steps: 4 }, list: [1, 2], eval: { every: 1 } }, changes)).toEqual({
      train: { lr: 1, steps: 4 },
      list: [3],
      eval: 5,
    })
    expect(changes).toEqual({ train: { lr: 1 }, list: [3], eval: 5 })
  })
})

describe('planReproduction', () => {
  it('makes a run that claims share once', () => {
    const both = plan(mini, chooseClaims(mini, ['performance', 'breadth']))
    expect(both.runs).toHaveLength(3 * 2)
    const [performance, breadth] = both.claims
    expect(breadth.runs.get('grpo')).toEqual(performance.runs.get('grpo'))
    expect(performance.runs.get('grpo')!.map(({ seed }) => seed)).toEqual([1, 2])
  })

  it('takes other seeds where asked, as an independent repetition', () => {
    const chosen = chooseClaims(mini, ['performance'])
    const directories = (...more: [number, string, number]) =>
      plan(mini, chosen, ...more).runs.map((run) => run.directory)
    const [usual, others] = [directories(5, 'out', 1), directories(2, 'out', 4)]
    expect(others).toHaveLength(3 * 2)
    expect(usual).toEqual(expect.arrayContaining(others)) // seeds 4 and 5 of 1 to 5
  })

  it('gives every run a directory of its own below the root, the same whatever else is planned', () => {
    const all = plan(mini, claimsAt(mini))
    const directories = all.runs.map(({ directory }) => directory)
    expect(new Set(directories).size).toBe(all.runs.length)
    const alone = plan(mini, chooseClaims(mini, ['performance']))
    for (const run of alone.runs) expect(directories).toContain(run.directory)
    expect(alone.runs[0].directory).toBe(join('out', `grpo-seed-1-${alone.runs[0].key.slice(0, 8)}`))
  })

  it.each([mini, small])('has variants that differ from each other ($name)', (scale) => {
    const named = Object.keys(scale.variants).map((variant): Claim['comparisons'][number] => ({
      of: { variant, measure: { name: variant, of: () => 0 } },
      expected: 'above',
    }))
    const claims = named.map(
      (comparison, i): Claim => ({ id: `${i}`, title: '', experiment: '', comparisons: [comparison], figures: [] }),
    )
    const { runs, claims: planned } = plan(scale, claims, 1)
    expect(runs).toHaveLength(planned.filter(({ unavailable }) => unavailable === undefined).length)
  })

  it('keys a run by what decides it', () => {
    const [run] = plan(mini, chooseClaims(mini, ['control'])).runs
    const key = (changes: object, weights = 'w') => runKey({ ...run.recipe, ...changes }, weights)
    expect(
      key({ model: 'elsewhere', threads: 2, memoryCheck: 'warn', name: 'x', checkpoint: { every: 1, keep: 1 } }),
    ).toBe(key({}))
    expect(key({ seed: 7 })).not.toBe(key({}))
    expect(key({}, 'other weights')).not.toBe(key({}))
    expect(key({ train: { ...run.recipe.train, lr: 1 } })).not.toBe(key({}))
    // Open and closed bounds are told apart though JSON has no infinity.
    expect(key({ entropy: { ...run.recipe.entropy, muLow: Infinity } })).not.toBe(
      key({ entropy: { ...run.recipe.entropy, muLow: null } }),
    )
  })

  it('says why a claim cannot be tried, and plans the others', () => {
    const strange = {
      ...mini,
      variants: { ...mini.variants, ppo: { label: 'PPO', changes: { algorithm: { name: 'qpo' } } } },
    }
    const { claims, runs } = plan(strange, chooseClaims(strange, ['ppo', 'breadth']))
    const [breadth, ppo] = claims
    expect(ppo.unavailable).toMatch(/^ppo: .*algorithm\.name/s)
    expect([breadth.unavailable, runs.length]).toEqual([undefined, 6])
    const [families] = plan(small, chooseClaims(small, ['families'])).claims
    expect(families.unavailable).toMatch(/^the small scale has no qwen3/)
  })
})

describe('claims', () => {
  it('are all of the paper, each with something that decides it', () => {
    const claims = claimsAt(mini)
    expect(claims.map(({ id }) => id)).toEqual([
      'off-policy',
      'sign',
      'masking',
      'covariance',
      'control',
      'performance',
      'breadth',
      'ppo',
      'families',
      'collapse',
      'setpoint',
    ])
    for (const { comparisons } of claims) expect(comparisons.some(({ decides }) => decides !== false)).toBe(true)
  })

  it('can all be tried at the mini scale, and at the small one all but that on other families', () => {
    const unavailable = (scale: Scale) =>
      plan(scale, claimsAt(scale), 1).claims.flatMap((one) => (one.unavailable === undefined ? [] : [one.claim.id]))
    expect(unavailable(mini)).toEqual([])
    expect(unavailable(small)).toEqual(['families'])
  })

  it('have further ones beside them, which only their name chooses', () => {
    const [methodsClaim] = chooseClaims(mini, ['methods'])
    expect(chooseClaims(mini, []).map(({ id }) => id)).not.toContain('methods')
    const [planned] = plan(mini, [methodsClaim], 1).claims
    expect(planned.unavailable).toBeUndefined()
    const named = methods.flatMap(({ name, empty, experiment }) => (empty || experiment ? [] : [name]))
    expect([...planned.runs.values()].map(([{ recipe }]) => recipe.entropy.method)).toEqual(named)
    for (const [{ recipe }] of planned.runs.values()) expect(entropyWarnings(recipe)).toEqual([])
    expect(planned.runs.get('method-entropic')![0].recipe.entropy.entropic).toMatchObject({ target: 0.4 })
    expect(planned.runs.get('method-gmpo')![0].recipe.algorithm.aggregation).toBe('sequence')
  })

  it('are chosen by name, in their own order', () => {
    expect(chooseClaims(mini, ['masking', 'sign', 'masking']).map(({ id }) => id)).toEqual(['sign', 'masking'])
    expect(() => chooseClaims(mini, ['signs'])).toThrow('no claim is called signs')
  })
})
