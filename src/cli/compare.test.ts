import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../test/fake-io.js'
import { fakeStepMetrics } from '../../test/fake-run.js'
import { compareCommand } from './compare.js'

const root = mkdtempSync(join(tmpdir(), 'compare-command-'))
afterAll(() => rmSync(root, { recursive: true }))

function makeRun(name: string, samples: number): string {
  const directory = join(root, name)
  mkdirSync(directory)
  writeFileSync(join(directory, 'config.yaml'), `model: ./gone\nseed: ${samples}\ntask: { name: sums }\n`)
  const lines = (values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
  writeFileSync(join(directory, 'metrics.jsonl'), lines([1, 2].map((step) => fakeStepMetrics(step))))
  const evaluation = { step: 2, samples, problems: 2, avg_at_k: 0.5, pass_at_k: 1, entropy_nats: 1 }
  const histogram = Array.from({ length: samples + 1 }, (_, i) => Number(i === samples / 2))
  writeFileSync(
    join(directory, 'eval.jsonl'),
    lines([
      { ...evaluation, pass_histogram: histogram, completion_length_mean: 3, solved: [samples / 2, samples / 2] },
    ]),
  )
  return directory
}

let runs: string[]
beforeAll(() => {
  runs = [makeRun('a', 4), makeRun('b', 4), makeRun('c', 8)]
})

const run = (...argv: string[]) => runCommand((io) => compareCommand(io), ['compare', ...argv])

describe('compare', () => {
  it('prints curves, the table and what does not match', async () => {
    const { code, out } = await run(...runs)
    expect(code).toBe(0)
    for (const part of ['Entropy', 'Avg@4', 'Avg@8', '! sums: measured under different conditions', 'seed (a: 4']) {
      expect(out).toContain(part)
    }
  })

  it('prints one line of JSON and writes the page', async () => {
    const page = join(root, 'pages', 'compare.html')
    const { code, out, err } = await run(...runs, '--names', 'A,B,C', '--out', page, '--json')
    expect(code).toBe(0)
    const result = JSON.parse(out)
    expect(result.groups.map((group: { label: string }) => group.label)).toEqual([
      'sums (4 samples)',
      'sums (8 samples)',
    ])
    expect(result).toMatchObject({ runs: [{ name: 'A', steps: 2 }, { name: 'B' }, { name: 'C' }], report: page })
    expect(result.differences[0]).toMatchObject({ a: 'A', b: 'B', difference: 0, p_value: 1 })
    expect(readFileSync(page, 'utf8')).toContain('Comparison: A, B, C')
    expect(err).toContain(page)
  })

  it.each([
    ['no directory', [], 'missing required argument'],
    ['a directory that is not there', ['nowhere'], 'no such directory'],
    ['names for others', [tmpdir(), '--names', 'a,b'], '2 names for 1'],
  ])('refuses %s', async (_, argv, message) => {
    const { code, err } = await run(...argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })

  it('skips files, which a pattern of the shell finds beside runs', async () => {
    const page = join(root, 'report.html')
    writeFileSync(page, '')
    const { code, out, err } = await run(runs[0]!, page, runs[1]!, '--names', 'A,B', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out).runs.map(({ name }: { name: string }) => name)).toEqual(['A', 'B'])
    expect(err).toContain(`skipped, not a directory: ${page}\n`)
    expect(await run(page)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(`${page}: not a directory`),
    })
  })
})
