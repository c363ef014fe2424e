import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concernsOf, concernText, HealthWatch, healthFacts } from './health.js'
import { type HealthLine, healthRules } from './rules.js'

/** A step whose completions have these rewards, as step-metrics.ts measures them. */
const graded = (...rewards: number[]): Omit<HealthLine, 'step'> => {
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length
  const spread = Math.sqrt(rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards.length)
  return { reward_mean: mean, reward_std: spread }
}

const linesOf = (steps: number, lineOf: (step: number) => Omit<HealthLine, 'step'>): HealthLine[] =>
  Array.from({ length: steps }, (_, i) => ({ step: i + 1, ...lineOf(i + 1) }))

/** What is warned of, step by step. */
function watched(steps: number, lineOf: (step: number) => Omit<HealthLine, 'step'>): [number, string][] {
  const watch = new HealthWatch({ steps })
  return linesOf(steps, lineOf).flatMap((line) =>
    watch.after(line).map((concern): [number, string] => [line.step, concernText(concern)]),
  )
}

const standing = (steps: number, lineOf: (step: number) => Omit<HealthLine, 'step'>, groups?: number) =>
  concernsOf(linesOf(steps, lineOf), { steps: 1000, ...(groups === undefined ? {} : { groups }) })

describe('a run without a reward', () => {
  it('is warned of after ten steps, and at its end', () => {
    const said = watched(25, () => graded(0, 0, 0))
    expect(said.map(([step]) => step)).toEqual([10, 25])
    expect(said[0]![1]).toContain('no completion has earned a reward in 10 steps')
    expect(said[1]![1]).toContain('in 25 steps')
    expect(watched(10, () => graded(0)).map(([step]) => step)).toEqual([10])
    expect(watched(1, () => graded(0))[0]![1]).toContain('in 1 step,')
  })

  it('is one whose task earns nothing, whatever the lengths cost', () => {
    const penalized = { ...graded(-0.5, -1), 'reward/task': 0 }
    expect(watched(3, () => penalized)).toHaveLength(1)
  })

  it('is not one that earns something now and then', () => {
    expect(watched(30, (step) => graded(0, step === 7 ? 1 : 0))).toEqual([])
    expect(watched(30, (step) => graded(step === 12 ? 0.5 : 0)).map(([step]) => step)).toEqual([10])
  })

  it('is told apart from one where everything is worth the same', () => {
    expect(watched(3, () => graded(1, 1))[0]![1]).toContain('every completion has earned the reward 1 in 3 steps')
    // Equal but for rounding.
    expect(watched(3, (step) => graded(step === 2 ? 0.3 : 0.1 + 0.2))).toHaveLength(1)
  })
})

describe('groups of equal rewards', () => {
  const equal = (step: number) => ({ ...graded(step % 2, 1), zero_signal_fraction: 1 })

  it('stand after 20 steps in a row', () => {
    expect(standing(19, equal, 8)).toEqual([])
    const [concern] = standing(23, equal, 8)
    expect(concern).toMatchObject({ rule: 'equal-rewards', since: 1, steps: 23 })
    expect(concernText(concern!)).toMatch(
      /^8 of 8 groups had equal rewards for 23 steps.*`isentrope filter`.*`isentrope sft`.*see docs\/faq\.md$/,
    )
  })

  it('stand no more after one group that differs', () => {
    const interrupted = (step: number) => ({ ...equal(step), zero_signal_fraction: step === 15 ? 0.875 : 1 })
    expect(standing(34, interrupted, 8)).toEqual([])
    expect(standing(35, interrupted, 8)).toMatchObject([{ since: 16, steps: 20 }])
  })

  it('are left out where no reward has been earned at all', () => {
    const rules = standing(30, () => ({ ...graded(0, 0), zero_signal_fraction: 1 })).map(({ rule }) => rule)
    expect(rules).toEqual(['no-reward'])
  })
})

describe('other rules', () => {
  it.each([
    ['kl', { kl_nats: 1.01 }, { kl_nats: 1 }, 5],
    ['ratio', { ratio_max: 101 }, { ratio_max: 100 }, 5],
    ['truncated', { truncated_fraction: 0.51 }, { truncated_fraction: 0.5 }, 10],
  ])('%s', (rule, ill, well, patience) => {
    expect(standing(patience - 1, () => ill)).toEqual([])
    expect(standing(patience, () => ill).map((one) => one.rule)).toEqual([rule])
    expect(standing(50, () => well)).toEqual([])
    expect(standing(50, () => ({}))).toEqual([])
  })

  it('an infinite ratio is a large one', () => {
    expect(standing(5, () => ({ ratio_max: Number.POSITIVE_INFINITY }))).toHaveLength(1)
  })

  it('entropy at its floor is measured from the start: 5 % of the mean of the first five steps, or 0.01 nats', () => {
    const falling = (low: number) => (step: number) => ({ entropy_nats: step <= 5 ? 2 : low })
    expect(standing(15, falling(0.099)).map(({ rule }) => rule)).toEqual(['entropy-floor'])
    expect(standing(14, falling(0.099))).toEqual([])
    expect(standing(15, falling(0.101))).toEqual([])
    expect(standing(30, () => ({ entropy_nats: 0.011 }))).toEqual([])
    expect(standing(30, () => ({ entropy_nats: 0.009 }))).toHaveLength(1)
    const wanted = (step: number) => ({ ...falling(0.05)(step), entropy_target: 0.05 })
    expect(standing(30, wanted)).toEqual([])
  })
})

describe('the watch', () => {
  const line = fc.record(
    {
      reward_mean: fc.constantFrom(0, 0.5),
      reward_std: fc.constantFrom(0, 0.5),
      zero_signal_fraction: fc.constantFrom(1, 1, 1, 0.5),
      entropy_nats: fc.constantFrom(1, 0.001),
      kl_nats: fc.constantFrom(0.1, 3),
      ratio_max: fc.constantFrom(1, 1000),
      truncated_fraction: fc.constantFrom(0, 1),
    },
    { requiredKeys: [] },
  )

  it('says step by step what all lines at once say, and each concern once while it stands', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (given) => {
        const lines = given.map((one, i) => ({ ...one, step: i + 1 }))
        const watch = new HealthWatch()
        let before: string[] = []
        lines.forEach((one, i) => {
          const fresh = watch.after(one).map(({ rule }) => rule)
          const now = watch.standing()
          expect(now).toEqual(concernsOf(lines.slice(0, i + 1)))
          const rules = now.map(({ rule }) => rule)
          expect(fresh).toEqual(rules.filter((rule) => !before.includes(rule)))
          for (const { since, steps } of now) expect(since).toBe(one.step - steps + 1)
          before = rules
        })
      }),
      { numRuns: 100 },
    )
  })

  it('reads its facts from a recipe or a config.yaml, whatever is in it', () => {
    expect(healthFacts({ rollout: { promptsPerStep: 8 }, train: { steps: 40 } })).toEqual({ groups: 8, steps: 40 })
    expect(healthFacts({})).toEqual({})
    expect(healthFacts({ rollout: null, train: 'x' })).toEqual({})
  })
})

it('has an entry in docs/faq.md for every rule', () => {
  const page = readFileSync(new URL('../../../docs/faq.md', import.meta.url), 'utf8')
  for (const { name } of healthRules) expect(page).toContain(`<a id="${name}"></a>`)
})
