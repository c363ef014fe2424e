import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { replaceSection } from '../../base/marked-section.js'
import type { StepMetrics } from '../events.js'
import { sftEvalMetrics, sftMetrics } from '../sft/metrics.js'
import { catalogue, families, type MetricKey, metricOf, sharedFigures, topics } from './catalogue.js'
import { combineUpdates } from './combine.js'
import { evalTable, metricTables, sftTables } from './docs.js'
import { evalMetrics } from './evaluation.js'
import type { Metric, Metrics } from './metric.js'

const entries = Object.entries<Metric>(catalogue)

describe('the metric catalogue', () => {
  it('has every metric in one topic', () => {
    expect(topics.flatMap(({ metrics }) => Object.keys(metrics))).toEqual(Object.keys(catalogue))
    for (const { topic } of families) expect(topics.map(({ title }) => title)).toContain(topic)
  })

  it('names figures that are there, and has no figure without a curve', () => {
    const named = entries.flatMap(([, { shown }]) =>
      typeof shown === 'object' && 'figure' in shown ? [shown.figure] : [],
    )
    expect([...new Set(named)].sort()).toEqual(Object.keys(sharedFigures).sort())
    const own = entries.flatMap(([key, { shown }]) =>
      typeof shown === 'object' && !('figure' in shown) ? [shown.id ?? key.replaceAll('_', '-')] : [],
    )
    const ids = [...own, ...Object.keys(sharedFigures), ...families.map(({ figure }) => figure.id)]
    expect(ids).toEqual([...new Set(ids)])
  })

  it.each<[string, Metrics]>([
    ['metrics.jsonl', catalogue],
    ['eval.jsonl', evalMetrics],
    ['sft', sftMetrics],
    ['validation', sftEvalMetrics],
  ])('describes every metric in sentences: %s', (_, metrics) => {
    for (const [key, { title, caption }] of Object.entries(metrics)) {
      expect(title, key).toMatch(/^\S.*[^.\s]$/u)
      expect(caption, key).toMatch(/^\S.*[.]$/u)
    }
  })

  it('knows bounds of bounded metrics, and only these', () => {
    expect(metricOf('entropy_nats_low')).toMatchObject({ title: 'Entropy, lower bound', unit: 'nats' })
    expect(metricOf('cov_A_Sc_high')?.combine).toBe('mean')
    expect(metricOf('masked_low_fraction')?.title).toBe('Tokens masked at the lower bound')
    expect(metricOf('lr_low')).toBeUndefined()
    expect(metricOf('constructor')).toBeUndefined()
  })

  it('gives a line of metrics.jsonl its type', () => {
    expectTypeOf<StepMetrics['reward_mean']>().toEqualTypeOf<number>()
    expectTypeOf<StepMetrics['loss']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<StepMetrics['entropy_nats_low']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<StepMetrics['time']>().toEqualTypeOf<string>()
    expectTypeOf<MetricKey>().extract<'reward_maen'>().toBeNever()
    expectTypeOf<StepMetrics>().not.toHaveProperty('reward_maen')
  })

  it.each([
    ['docs/training.md', metricTables],
    ['docs/sft.md', sftTables],
    ['docs/evaluation.md', evalTable],
  ])('is what %s shows (npm run docs)', (file, body) => {
    const page = readFileSync(file, 'utf8')
    expect(replaceSection(page, 'metrics', body())).toBe(page)
  })
})

describe('several updates of a step', () => {
  const update = (tokens: number, values: Record<string, number | undefined>) => ({ tokens, values })

  it('combine as the catalogue says', () => {
    const updates = [
      update(30, { grad_norm: 1, ppo_clip_fraction: 6, ratio_max: 1.5, train_seconds: 1, ledger_momentum: 0.2 }),
      update(10, { grad_norm: 5, ppo_clip_fraction: 2, ratio_max: 1.2, train_seconds: 3, ledger_decay: 0.4 }),
    ]
    // (1 * 30 + 5 * 10) / 40, (6 + 2) / 40, and of the rows (0.2 * 30) / 40 and (0.4 * 10) / 40.
    expect(combineUpdates(updates)).toEqual({
      grad_norm: 2,
      ppo_clip_fraction: 0.2,
      ratio_max: 1.5,
      train_seconds: 4,
      ledger_momentum: expect.closeTo(0.15, 15),
      ledger_decay: expect.closeTo(0.1, 15),
    })
  })

  it('leave out an update without the value, and a share that one of them lacks', () => {
    const updates = [
      update(30, { grad_norm: Number.NaN, kl_nats: 3 }),
      update(10, { grad_norm: 5, kl_nats: undefined }),
    ]
    expect(combineUpdates(updates)).toEqual({ grad_norm: 5 })
    expect(combineUpdates([update(4, { loss: undefined, ratio_max: undefined })])).toEqual({})
    expect(combineUpdates([])).toEqual({})
  })

  it('combine a key that the catalogue does not know as a mean, in the order of the keys', () => {
    const combined = combineUpdates([update(1, { of_a_method: 1, loss: 1 }), update(3, { late: 2, of_a_method: 5 })])
    expect(Object.entries(combined)).toEqual([
      ['of_a_method', 4],
      ['loss', 1],
      ['late', 2],
    ])
  })

  it('give the value itself when it is one update, and lie between the smallest and the largest', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    const means = ['grad_norm', 'ratio_max', 'ledger_momentum']
    fc.assert(
      fc.property(
        fc.constantFrom(...means),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), value), { minLength: 1 }),
        (key, all) => {
          const combined = combineUpdates(all.map(([tokens, one]) => update(tokens, { [key]: one })))[key]
          const values = all.map(([, one]) => one)
          const rounding = 1e-9 * Math.max(...values.map(Math.abs))
          expect(combined).toBeGreaterThanOrEqual(Math.min(...values) - rounding)
          expect(combined).toBeLessThanOrEqual(Math.max(...values) + rounding)
        },
      ),
    )
  })
})
