import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parsePage } from '../../../../test/html.js'
import type { EvaluatedProblem } from '../../../evaluate/respond.js'
import type { EvalData } from '../../../run/evaluate/data.js'
import { evalPaths, journalPath } from '../../../run/evaluate/directory.js'
import { type EvaluatedModel, makeResults } from '../../../run/evaluate/results.js'
import { fillSettings } from '../../../run/evaluate/settings.js'
import { renderEvaluation } from '../../terminal/eval.js'
import { visibleLength } from '../../terminal/table.js'
import { compare } from '../compare/compare.js'
import { writeEvalReport } from './eval.js'

const root = mkdtempSync(join(tmpdir(), 'eval-report-'))
afterAll(() => rmSync(root, { recursive: true }))

const models = ['base', '<trained>'].map(
  (name): EvaluatedModel => ({ name, given: name, reference: name, fingerprint: 'f' }),
)
const task = { name: 'sums', prompts: () => [], grade: () => 0 }

/** An evaluation's directory: `right[m][i]` samples of problem i are right for model m. */
function makeEvaluation(name: string, right: number[][], samples: number, seed = 0) {
  const directory = join(root, name)
  const paths = evalPaths(directory)
  mkdirSync(paths.problems, { recursive: true })
  const problems = right[0]!.map((_, i) => ({ id: `<p${i}>`, prompt: 'What?', answer: '</td>1' }))
  const data: EvalData = {
    ...{ name: 'sums', given: 'sums.jsonl', task, problems, samples, ownGrader: false, hash: 'h' },
    settings: fillSettings({ seed }),
  }
  const evaluated = right.map((counts, m) => ({
    model: models[m]!,
    data,
    problems: counts.map(
      (count, index): EvaluatedProblem => ({
        ...{ index, ...problems[index]! },
        responses: Array.from({ length: samples }, (_, sample) => ({
          ...{ sample, completion: '<script>alert(1)</script>\u202e', length: 5, finish: 'stop' as const },
          ...{ correct: sample < count, reward: Number(sample < count), extracted: sample < count ? '1' : '</b>' },
          ...{ reason: 'same', logprob: -1, entropy: 2 },
        })),
      }),
    ),
  }))
  const results = makeResults(models.slice(0, right.length), [data], evaluated)
  writeFileSync(paths.settings, '{}')
  writeFileSync(paths.results, JSON.stringify(results))
  for (const [m, { problems: own }] of evaluated.entries()) {
    writeFileSync(journalPath(paths, m, 'sums'), own.map((each) => `${JSON.stringify(each)}\n`).join(''))
  }
  return { directory, results }
}

describe('the page of an evaluation', () => {
  it('is valid, whatever was answered, and shows figures, curves, rates, problems and responses', async () => {
    const { directory } = makeEvaluation(
      'two',
      [
        [0, 1, 4],
        [1, 2, 4],
      ],
      4,
    )
    const file = await writeEvalReport(directory)
    const { elements, errors } = parsePage(readFileSync(file, 'utf8'))
    expect(errors).toEqual([])
    expect(elements.find(({ name }) => name === 'h1')?.text).toBe('Evaluation: base, <trained>')
    const sections = elements.filter(({ name }) => name === 'section').map(({ attributes }) => attributes.id)
    expect(sections).toEqual(['figures', 'differences', 'curves', 'pass-rates', 'problems', 'responses'])
    const rows = elements.filter(({ name }) => name === 'tr').map(({ children }) => children.map(({ text }) => text))
    // Avg@4 (0 + 1 + 4)/12, with its interval behind.
    expect(rows.find(([name]) => name === 'base sums: 3 problems, K = 4')?.[1]).toMatch(/^0\.417 \(/)
    expect(rows).toContainEqual(['<p1>', '</td>1', '1/4', '2/4'])
    const difference = rows.find(([name]) => name?.startsWith('<trained> minus base'))
    expect(difference?.slice(1, 3)).toEqual(['Avg@4', '+0.167'])
    expect(elements.filter(({ text, name }) => name === 'script' && text.includes('alert(1)'))).toEqual([])
    expect(elements.some(({ name, text }) => name === 'pre' && text === '<script>alert(1)</script>‹U+202E›')).toBe(true)
  })

  it('refuses what is not a finished evaluation', async () => {
    const { directory } = makeEvaluation('broken', [[1]], 1)
    writeFileSync(join(directory, 'results.json'), '{')
    await expect(writeEvalReport(directory)).rejects.toThrow('not an evaluation')
    rmSync(join(directory, 'results.json'))
    await expect(writeEvalReport(directory)).rejects.toThrow('not finished')
    await expect(writeEvalReport(root)).rejects.toThrow('holds no evaluation')
  })
})

describe('renderEvaluation', () => {
  it('fits the width', () => {
    const { results } = makeEvaluation(
      'shown',
      [
        [0, 1, 4],
        [1, 2, 4],
      ],
      4,
    )
    for (const width of [40, 80, 120]) {
      const text = renderEvaluation(results, width)
      for (const line of text.split('\n')) expect(visibleLength(line)).toBeLessThanOrEqual(width)
      expect(text).toContain('0.417')
      expect(text.replace(/\s+/g, ' ')).toContain('Avg@4: <trained> minus base is +0.167')
      // No figure is parted from its sign, name or interval.
      expect(text).toMatch(/is \+0\.167/)
      expect(text).toMatch(/\(95 % [+−]?\d\.\d+ to [+−]?\d\.\d+,/)
      expect(text).toMatch(/p = \d\.\d+\)/)
    }
  })
})

describe('compare', () => {
  it('takes evaluations, names what does not match and compares the rest', async () => {
    const a = makeEvaluation('a', [[0, 1, 4]], 4)
    const b = makeEvaluation('b', [[2, 1, 4]], 4)
    const c = makeEvaluation('c', [[2, 1, 4]], 4, 9)
    const out = join(root, 'compare.html')
    const comparison = await compare([a.directory, b.directory, c.directory], { names: ['A', 'B', 'C'], out })
    expect(comparison.groups.map(({ members }) => members.map(({ method }) => method))).toEqual([['A', 'B'], ['C']])
    expect(comparison.notes).toEqual([
      'sums: measured under different conditions, so not compared with each other: evaluation seed 0 (A, B), 9 (C).',
    ])
    // (2 + 0 + 0)/4 over 3 problems.
    expect(comparison.differences[0]).toMatchObject({ a: 'A', b: 'B', metric: 'avg_at_k', difference: 2 / 12 })
    const { elements, errors } = parsePage(readFileSync(out, 'utf8'))
    expect(errors).toEqual([])
    expect(
      elements.filter(({ name, attributes }) => name === 'figure' && attributes.id?.startsWith('pass-rates')),
    ).toHaveLength(2)
    expect(elements.some(({ name, text }) => name === 'li' && text === comparison.notes[0])).toBe(true)
    await expect(compare([root])).rejects.toThrow('holds neither')
    await expect(compare([join(root, 'nowhere')])).rejects.toThrow('no such directory')
  })
})
