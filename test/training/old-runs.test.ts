/**
 * Runs that an earlier version began (test/fixtures/runs) resume to what that version made of them, and every command
 * that takes a run still reads them. A process of its own, which loads the compiled files: build first.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeRunReport } from '../../src/report/pages/run/run.js'
import { readRolloutRows } from '../../src/run/store/rollout-rows.js'

const fixture = fileURLToPath(new URL('../fixtures/runs', import.meta.url))
const command = fileURLToPath(new URL('../../bin/isentrope.js', import.meta.url))
const names = ['grpo', 'ppo', 'lora']

const root = mkdtempSync(join(tmpdir(), 'old-runs-'))
afterAll(() => rmSync(root, { recursive: true }))
beforeAll(() => {
  cpSync(fixture, root, { recursive: true })
  for (const kept of ['kept', 'resumed']) cpSync(join(root, 'before'), join(root, kept), { recursive: true })
})

function isentrope(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...argv], { cwd: root, encoding: 'utf8' })
  return { status, stdout, stderr }
}

type Line = Record<string, unknown>
const linesOf = (...path: string[]): Line[] =>
  readFileSync(join(...path), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** Of the clock and the machine, and the loss, from which that version left out the tokens under a gradient mask. */
const notRepeated = /^time$|seconds|per_s$|rss_bytes|^loss$/

/** Keys of the older line whose values differ by more than 1e-5 (numbers) or at all. */
const differing = (now: Line, then: Line): Line =>
  Object.fromEntries(
    Object.entries(then)
      .filter(([key, value]) => !notRepeated.test(key) && !same(now[key], value))
      .map(([key, value]) => [key, { before: value, now: now[key] }]),
  )
const same = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(b)) return Array.isArray(a) && a.length === b.length && b.every((value, i) => same(a[i], value))
  return typeof b === 'number' ? Math.abs((a as number) - b) <= 1e-5 * Math.max(1, Math.abs(b)) : a === b
}

describe.each(names)('the old run %s', (name) => {
  it('resumes to the metrics and tokens that its own version got', async () => {
    const run = join('resumed', name)
    const { status, stderr } = isentrope('train', `${name}.yaml`, '--run', run, '--resume', '--set', 'train.steps=4')
    expect({ status, stderr }).toMatchObject({ status: 0 })
    const after = join(root, 'after', name)
    for (const file of readdirSync(after).filter((entry) => entry.endsWith('.jsonl'))) {
      const now = linesOf(root, run, file)
      const then = linesOf(after, file)
      expect({ file, lines: now.length }).toEqual({ file, lines: then.length })
      for (const [i, line] of then.entries()) {
        expect({ file, step: line.step, differing: differing(now[i], line) }).toEqual({
          file,
          step: line.step,
          differing: {},
        })
      }
    }
    for (const file of readdirSync(join(after, 'rollouts'))) {
      const [now, then] = await Promise.all(
        [join(root, run), after].map((directory) => readRolloutRows(join(directory, 'rollouts', file))),
      )
      expect(then!.length).toBeGreaterThan(0)
      expect(now!.map(({ tokens }) => [...tokens])).toEqual(then!.map(({ tokens }) => [...tokens]))
      expect(now!.map(({ gradMask }) => gradMask)).toEqual(then!.map(({ gradMask }) => gradMask))
    }
  })

  it('is read by the report and by eval', async () => {
    const run = join('kept', name)
    expect(readFileSync(await writeRunReport(join(root, run)), 'utf8')).toContain(`old-${name}`)
    const data = ['--data', './letters.mjs', '--problems', '2', '--samples', '2', '--max-new-tokens', '4']
    const evaluated = isentrope('eval', '--model', run, ...data, '--threads', '1', '--out', `eval-${name}`, '--json')
    expect(evaluated).toMatchObject({ status: 0 })
    expect(JSON.parse(evaluated.stdout).results).toHaveLength(1)
  })
})

it('compare reads them together', () => {
  const { status, stdout } = isentrope('compare', ...names.map((name) => join('before', name)), '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout).runs.map(({ steps }: { steps: number }) => steps)).toEqual([2, 2, 2])
})
