import { describe, expect, it } from 'vitest'
import type { RunData } from '../run/data.js'
import {
  groupDifferences,
  groupMeasurements,
  type Measurement,
  measurementOfStart,
  mismatches,
} from './measurements.js'

const measurement = (method: string, changes: Partial<Measurement> = {}, conditions: object = {}): Measurement => ({
  method,
  style: 0,
  data: 'sums',
  conditions: { 'problem set': 'a1', samples: '4', 'evaluation seed': '0', ...conditions },
  problems: 3,
  samples: 4,
  avg: 0.5,
  pass: 1,
  histogram: [0, 0, 1, 0, 0],
  entropy: 1,
  length: 10,
  solved: [2, 2, 2],
  ...changes,
})

describe('groupMeasurements', () => {
  it('puts side by side what was measured alike, and keeps apart and names what was not', () => {
    const groups = groupMeasurements([
      measurement('A'),
      measurement('B', {}, { samples: '8' }),
      measurement('C'),
      measurement('D', { data: 'aime24' }, { 'problem set': 'b2' }),
      measurement('E', {}, { 'evaluation seed': '5' }),
    ])
    expect(groups.map(({ label, members }) => [label, members.map(({ method }) => method)])).toEqual([
      ['sums (4 samples, evaluation seed 0)', ['A', 'C']],
      ['sums (8 samples, evaluation seed 0)', ['B']],
      ['aime24', ['D']],
      ['sums (4 samples, evaluation seed 5)', ['E']],
    ])
    expect(mismatches(groups)).toEqual([
      'sums: measured under different conditions, so not compared with each other: ' +
        'samples 4 (A, C, E), 8 (B); evaluation seed 0 (A, C, B), 5 (E).',
    ])
  })

  it('keeps other problems of the same name apart', () => {
    const groups = groupMeasurements([measurement('A'), measurement('B', {}, { 'problem set': 'zz' })])
    expect(groups.length).toBe(2)
    expect(mismatches(groups)[0]).toContain('problem set a1 (A), zz (B)')
  })

  it('does not hold against one what only the other tells', () => {
    expect(groupMeasurements([measurement('run'), measurement('eval', {}, { rule: 'math' })]).length).toBe(1)
    // But two that tell differently stay apart, whatever a third leaves open.
    const three = [{}, { rule: 'math' }, { rule: 'dapo' }].map((more, i) => measurement(`${i}`, {}, more))
    expect(groupMeasurements(three).map(({ members }) => members.length)).toEqual([2, 1])
  })
})

describe('groupDifferences', () => {
  it('compares with the first method, where the problems are known, and not with the start', () => {
    const groups = groupMeasurements([
      measurement('before training', { start: true, solved: [0, 0, 0] }),
      measurement('A', { solved: [1, 1, 1] }),
      measurement('B', { solved: [2, 3, 1] }),
      measurement('C', { solved: undefined }),
    ])
    const differences = groupDifferences(groups)
    // Avg@4 of B less A: (1 + 2 + 0)/4 over 3 problems.
    expect(differences).toMatchObject([
      { a: 'A', b: 'B', metric: 'avg_at_k', difference: 0.25 },
      { a: 'A', b: 'B', metric: 'pass_at_k', difference: 0 },
    ])
    expect(differences.length).toBe(2)
    expect(groupDifferences(groupMeasurements([measurement('A', { solved: undefined }), measurement('B')]))).toEqual([])
  })
})

describe('measurementOfStart', () => {
  const run = (name: string, avg: number) => ({
    name,
    style: 0,
    data: {
      evals: [0, 5].map((step) => ({
        ...{ step, samples: 4, problems: 3, avg_at_k: avg, pass_at_k: 1, entropy_nats: 1 },
        ...{ pass_histogram: [0, 0, 1, 0, 0], completion_length_mean: 3 },
      })),
      config: { task: { name: './tasks/sums.ts' } },
    } as unknown as RunData,
  })

  it('is where all runs began alike', () => {
    expect(measurementOfStart([run('A', 0.5), run('B', 0.5)], 7)).toMatchObject({
      method: 'before training',
      data: 'sums.ts',
      style: 7,
      step: 0,
      start: true,
    })
    expect(measurementOfStart([run('A', 0.5), run('B', 0.6)], 7)).toBeUndefined()
    expect(measurementOfStart([], 0)).toBeUndefined()
  })
})
