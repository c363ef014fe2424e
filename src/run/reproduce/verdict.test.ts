import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PairedInterval } from '../../evaluate/paired-t.js'
import type { Comparison, ComparisonOutcome, Measure, RunRecord } from './types.js'
import { claimVerdict, compare, comparisonLabel, judge } from './verdict.js'

const reward: Measure = { name: 'reward', of: ({ steps }) => steps[0]?.reward_mean }
const comparison = (expected: Comparison['expected'], more: Partial<Comparison> = {}): Comparison => ({
  of: { variant: 'clip', measure: reward },
  against: { variant: 'plain', measure: reward },
  expected,
  ...more,
})
const interval = (low: number, high: number): PairedInterval => ({
  n: 5,
  mean: (low + high) / 2,
  deviation: 1,
  low,
  high,
})
const labels = (variant: string) => variant.toUpperCase()

describe('judge', () => {
  it.each([
    ['above', 0.1, 0.2, 'holds'],
    ['above', -0.1, 0.2, 'not shown'],
    ['above', -0.2, -0.1, 'contradicted'],
    // An end at 0 does not exclude it.
    ['above', 0, 0.2, 'not shown'],
    ['below', -0.2, -0.1, 'holds'],
    ['below', -0.2, 0, 'not shown'],
    ['below', 0.1, 0.2, 'contradicted'],
    ['not below', -0.01, 0.2, 'holds'],
    ['not below', -0.03, 0.2, 'not shown'],
    ['not below', -0.09, -0.03, 'contradicted'],
  ] as const)('%s in [%d, %d]: %s', (expected, low, high, verdict) => {
    expect(
      judge(comparison(expected, { margin: expected === 'not below' ? 0.02 : undefined }), interval(low, high)),
    ).toBe(verdict)
  })

  it('says the opposite of a claim and of its opposite', () => {
    const swapped = { holds: 'contradicted', contradicted: 'holds', 'not shown': 'not shown' }
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (low, width) => {
          const one = interval(low, low + width)
          expect(judge(comparison('above'), one)).toBe(swapped[judge(comparison('below'), one)])
        },
      ),
    )
  })
})

describe('compare', () => {
  const run = (reward_mean?: number) => ({ steps: [{ reward_mean }], evaluations: [] }) as unknown as RunRecord
  const table = (clip: (number | undefined)[], plain: (number | undefined)[]) =>
    new Map([
      ['clip', clip.map((value) => (value === undefined ? undefined : run(value)))],
      ['plain', plain.map((value) => (value === undefined ? undefined : run(value)))],
    ])

  it('pairs by seed', () => {
    const outcome = compare(comparison('above'), table([2, 3, 4, 5, 6], [1, 1, 1, 1, 1]), 5, labels)
    expect(outcome.difference).toEqual([1, 2, 3, 4, 5])
    // 3 +- 2.7764 sqrt(2.5 / 5) = 3 +- 1.963
    expect(outcome).toMatchObject({ verdict: 'holds', label: 'reward, CLIP less PLAIN', interval: { n: 5, mean: 3 } })
    expect(outcome.interval!.low).toBeCloseTo(3 - 1.9632, 3)
  })

  it('shows nothing with fewer than five pairs, and says so', () => {
    const outcome = compare(comparison('above'), table([2, 2.1, undefined, 2, 2.2], [1, 1, 1, 1, 1]), 5, labels)
    expect(outcome).toMatchObject({ verdict: 'not shown', reason: 'needs 5 seeds, has 4' })
    expect(outcome.difference[2]).toBeNull()
    expect(outcome.interval).toMatchObject({ n: 4 })
  })

  it('has no interval of one pair, and none of none', () => {
    expect(compare(comparison('above'), table([2], [1]), 1, labels)).not.toHaveProperty('interval.mean')
    expect(compare(comparison('above'), new Map(), 2, labels).difference).toEqual([null, null])
  })

  it('leaves out what is not finite', () => {
    const { difference } = compare(comparison('above'), table([2, Number.NaN], [1, 1]), 2, labels)
    expect(difference).toEqual([1, null])
  })

  it('compares with 0 where there is nothing else', () => {
    const alone = comparison('below', { against: undefined })
    expect(compare(alone, table([-1, -2, -1, -2, -1], []), 5, labels)).toMatchObject({ verdict: 'holds' })
    expect(comparisonLabel(alone, labels)).toBe('reward, CLIP')
  })
})

describe('claimVerdict', () => {
  const outcome = (verdict: ComparisonOutcome['verdict'], decides = true) =>
    ({ verdict, decides }) as unknown as ComparisonOutcome

  it.each([
    [[outcome('holds'), outcome('holds')], 'holds'],
    [[outcome('holds'), outcome('not shown')], 'not shown'],
    [[outcome('holds'), outcome('contradicted')], 'contradicted'],
    [[outcome('holds'), outcome('contradicted', false)], 'holds'],
    [[], 'not shown'],
  ] as const)('%#', (outcomes, verdict) => {
    expect(claimVerdict(outcomes)).toBe(verdict)
  })
})
