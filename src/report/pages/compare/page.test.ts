import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeCompletion, fakeStepMetrics } from '../../../../test/fake-run.js'
import { hasClass, parsePage } from '../../../../test/html.js'
import { rolloutParquet } from '../../../run/store/rollout-file.js'
import type { StepMetrics } from '../../../train/events.js'
import { visibleLength } from '../../terminal/table.js'
import { renderComparison, writeComparisonReport } from './page.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'isentrope-compare-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function makeRun(
  name: string,
  steps: number,
  changes: (step: number) => Partial<StepMetrics> = () => ({}),
  samples = 2,
): string {
  const directory = join(root, name)
  mkdirSync(join(directory, 'rollouts'), { recursive: true })
  const line = (value: object) => `${JSON.stringify(value)}\n`
  const metrics = Array.from({ length: steps }, (_, i) => fakeStepMetrics(i + 1, changes(i + 1)))
  writeFileSync(join(directory, 'metrics.jsonl'), metrics.map(line).join(''))
  const evaluation = (step: number, pass: number) => ({
    step,
    samples,
    problems: 10,
    avg_at_k: pass / 2,
    pass_at_k: pass,
    entropy_nats: 1,
    pass_histogram: [1 - pass, pass, 0],
    completion_length_mean: 3,
  })
  writeFileSync(join(directory, 'eval.jsonl'), line(evaluation(0, 0.5)) + line(evaluation(steps, 0.7)))
  writeFileSync(
    join(directory, 'rollouts', 'step-000002.parquet'),
    rolloutParquet([fakeCompletion([1, 0.5], 0), fakeCompletion([1], 1)], 2),
  )
  return directory
}

const text = { title: 'Three <runs>', intro: 'From one start.', notes: ['One seed & no more.'] }

describe('writeComparisonReport', () => {
  it('draws the runs as series of one figure for each quantity', async () => {
    const runs = [
      { name: 'GRPO', directory: makeRun('a', 4, (step) => ({ cov_A_Sc: step, pred_dH_kept: -step })) },
      {
        name: '<Clip_B>',
        directory: makeRun('b', 3, (step) => ({ cov_A_Sc: -step, masked_low_fraction: step / 100 })),
      },
    ]
    const file = join(root, 'compare.html')
    expect(await writeComparisonReport(runs, file, text)).toBe(file)
    const { elements, errors } = parsePage(readFileSync(file, 'utf8'))
    expect(errors).toEqual([])
    expect(elements.find(({ name }) => name === 'h1')?.text).toBe('Three <runs>')
    expect(elements.some(({ name, text }) => name === 'li' && text === 'One seed & no more.')).toBe(true)
    const data = (id: string) => {
      const figure = elements.find(({ attributes }) => attributes.id === id)!
      return JSON.parse(figure.children.find(({ name }) => name === 'script')!.text)
    }
    expect(data('entropy').series).toMatchObject([
      { name: 'GRPO', style: 0, x: [1, 2, 3, 4] },
      { name: '<Clip_B>', style: 1, x: [1, 2, 3] },
    ])
    // The x axis is common, evaluations at step 0 included.
    expect(data('entropy').xRange).toEqual([0, 4])
    // A run keeps its style where the other has no such quantity.
    expect(data('masked-total').series).toMatchObject([{ name: '<Clip_B>', style: 1 }])
    expect(data('covariance-cov_A_Sc').series).toHaveLength(2)
    const histogram = elements.find(({ attributes }) => attributes.id === 'pass-rates')!
    const legend = histogram.children.find((child) => hasClass(child, 'legend'))!
    expect(legend.children.map((entry) => entry.text.trim())).toEqual(['before training', 'GRPO', '<Clip_B>'])
    expect(elements.filter(({ name }) => name === 'article')).toHaveLength(4)
    const scatter = elements.find(({ attributes }) => attributes.id === 'predicted-measured')!
    expect(scatter.text).toContain('correlation')
    expect(scatter.text).not.toContain('<Clip_B>')
  })

  it('has a row for each final figure and a column for each run', async () => {
    const runs = ['a', 'b'].map((name) => ({ name, directory: makeRun(name, 2) }))
    const file = join(root, 'compare.html')
    await writeComparisonReport(runs, file, text)
    const { elements } = parsePage(readFileSync(file, 'utf8'))
    const row = elements.find(({ name, text }) => name === 'tr' && text.startsWith('Pass@2'))!
    expect(row.children.map((cell) => cell.text)).toEqual([
      'Pass@2 held out, at step 0 → 2',
      '0.500 → 0.700',
      '0.500 → 0.700',
    ])
  })

  it('does without runs, and refuses a directory that holds none', async () => {
    const file = join(root, 'compare.html')
    await writeComparisonReport([], file, text)
    expect(parsePage(readFileSync(file, 'utf8')).errors).toEqual([])
    await expect(writeComparisonReport([{ name: 'a', directory: root }], file, text)).rejects.toThrow('holds neither')
  })
})

it('refuses a supervised run, which has other metrics', () => {
  const directory = makeRun('warm', 2)
  writeFileSync(join(directory, 'config.yaml'), 'data: { path: examples.jsonl }\n')
  expect(() => renderComparison([{ directory }], 80)).toThrow(`${directory}: is a run of isentrope sft`)
})

it('names the run of a curve that stands alone, since it was measured otherwise than the others', async () => {
  const runs = [
    { name: 'GRPO', directory: makeRun('a', 4) },
    { name: 'Clip_B', directory: makeRun('b', 4, undefined, 3) },
  ]
  const { elements } = parsePage(readFileSync(await writeComparisonReport(runs, join(root, 'c.html'), text), 'utf8'))
  const series = (id: string) => {
    const figure = elements.find(({ attributes }) => attributes.id === id)!
    return JSON.parse(figure.children.find(({ name }) => name === 'script')!.text).series
  }
  expect(series('pass-1')).toMatchObject([{ name: 'GRPO' }])
  expect(series('pass-2')).toMatchObject([{ name: 'Clip_B' }])
  const shown = renderComparison(runs, 120)
  expect(shown).toContain('Pass@2 of GRPO on ')
  expect(shown).toContain('Pass@3 of Clip_B on ')
})

describe('renderComparison', () => {
  it('shows curves and the final figures within the width', () => {
    const runs = ['GRPO', 'Clip_B', 'Clip_V', 'a\x1b[31m long name that fits nowhere'].map((name, i) => ({
      name,
      directory: makeRun(`run-${i}`, 30, (step) => ({ entropy_nats: 2 - (step * i) / 40 })),
    }))
    for (const width of [60, 80, 120]) {
      const shown = renderComparison(runs, width)
      for (const line of shown.split('\n')) expect(visibleLength(line)).toBeLessThanOrEqual(width)
      for (const part of ['Entropy (nats)', 'Reward', 'Pass@2', 'Clip_V', '0.500 → 0.700'])
        expect(shown).toContain(part)
      expect(shown).not.toContain('\x1b[31m long')
    }
  })
})
