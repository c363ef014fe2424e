/** What every tracker keeps to, whatever it is. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { replaceSection } from '../base/marked-section.js'
import { schemaEntries } from '../base/schema/entries.js'
import { realDisk } from '../run/store/disk.js'
import { describeMetric } from '../train/metrics/describe.js'
import { trackerTable } from './docs.js'
import { trackers } from './index.js'
import type { LoggedPast, Tracker, TrackerContext } from './tracker.js'

const root = mkdtempSync(join(tmpdir(), 'trackers-'))
afterAll(() => rmSync(root, { recursive: true }))

const step = (number: number) =>
  Object.freeze({
    step: number,
    time: new Date(1_700_000_000_000 + 1000 * number).toISOString(),
    reward_mean: number / 8,
    entropy_nats: 1 / number,
    ...(number % 2 === 0 ? { loss: -number } : {}),
    'reward/./judge.ts': 0.5,
    of_another_version: number,
    // As a line of JSON has them: null where a number was not finite, and texts.
    grad_norm: null,
    note: 'text',
  })
const evaluation = (number: number) =>
  Object.freeze({ step: number, avg_at_k: 0.25, solved: [1, 2], problems_hash: 'abc', pass_at_k: undefined })

const nothing: LoggedPast = { steps: [], evaluations: [] }

function contextOf(directory: string, past: LoggedPast): TrackerContext & { warnings: string[] } {
  const warnings: string[] = []
  return {
    directory,
    files: realDisk,
    past,
    recipe: { name: 'contract' },
    describe: describeMetric,
    warn: (message) => warnings.push(message),
    warnings,
  }
}

/** The files that a tracker left, without what names the moment. */
const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )

it('is what docs/training.md shows (npm run docs)', () => {
  const page = readFileSync('docs/training.md', 'utf8')
  expect(replaceSection(page, 'trackers', trackerTable())).toBe(page)
})

describe.each<[string, Tracker]>(trackers.map((tracker) => [tracker.name, tracker as Tracker]))(
  '%s',
  (name, tracker) => {
    const options = z.strictObject(tracker.options).parse({})
    let count = 0
    const fresh = () => {
      const directory = join(root, `${name}-${count++}`)
      realDisk.makeDirectory(directory)
      return directory
    }

    it('has a name of its own, a summary, and described options with defaults', () => {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(trackers.filter((other) => other.name === name)).toHaveLength(1)
      expect(tracker.summary).toMatch(/^\S.*[^.\s]$/)
      for (const { path, description } of schemaEntries(z.strictObject(tracker.options))) {
        expect(description, path).toMatch(/^\S.*\.$/)
        expect(path).not.toBe('name')
      }
    })

    it('takes every line of a run as it is, and its end', async () => {
      const context = contextOf(fresh(), nothing)
      const open = await tracker.open(options, context)
      for (let i = 1; i <= 3; i++) {
        open.step(step(i))
        if (i === 2) open.evaluation(evaluation(i))
      }
      await open.close?.()
      await open.close?.()
      expect(context.warnings).toEqual([])
    })

    it('shows after a resumption what an uninterrupted run shows', async () => {
      const whole = fresh()
      const uninterrupted = await tracker.open(options, contextOf(whole, nothing))
      for (let i = 1; i <= 4; i++) uninterrupted.step(step(i))
      await uninterrupted.close?.()

      // Killed behind step 3, and continued from the checkpoint of step 2.
      const cut = fresh()
      const killed = await tracker.open(options, contextOf(cut, nothing))
      for (let i = 1; i <= 3; i++) killed.step(step(i))
      const resumed = await tracker.open(options, contextOf(cut, { steps: [step(1), step(2)], evaluations: [] }))
      for (let i = 3; i <= 4; i++) resumed.step(step(i))
      await resumed.close?.()

      const content = (directory: string) => filesBelow(directory).map((path) => lengthsAndTags(readFileSync(path)))
      expect(content(cut)).toEqual(content(whole))
    })
  },
)

/** A file without its clock: its size, and the keys in it, as often as they are there. */
function lengthsAndTags(bytes: Buffer): { size: number; keys: number } {
  return { size: bytes.length, keys: bytes.toString('latin1').split('reward_mean').length }
}
