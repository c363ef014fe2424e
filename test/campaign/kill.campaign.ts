import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { campaignRun, contentsOf, differing, type KillAt } from './run.js'
import { choices, setting } from './settings.js'

const root = mkdtempSync(join(tmpdir(), 'campaign-kill-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const run = campaignRun(root)
const kills = setting('KILLS', 40)
/** Kills of one run at most; then it may end. */
const killsOfOne = 4
let expected: Record<string, string>
/** Changes of files that the whole run makes, by thread. */
let changes: Record<KillAt['thread'], number>
let seconds: number

beforeAll(async () => {
  const report = join(root, 'changes.txt')
  const whole = join(root, 'whole')
  const began = performance.now()
  expect((await run.start(whole, { report }).ended).code).toBe(0)
  seconds = (performance.now() - began) / 1000
  expected = contentsOf(whole)
  expect(Object.keys(expected).filter((name) => name.startsWith('LEFT'))).toEqual([])
  const lines = readFileSync(report, 'utf8').trimEnd().split('\n')
  const of = (thread: KillAt['thread']) => lines.filter((line) => line.startsWith(thread)).length
  changes = { main: of('main'), worker: of('worker') }
  expect(Math.min(changes.main, changes.worker)).toBeGreaterThan(10)
})

/** Starts and resumes until the run reaches its end; `kill` ends a start, and says how. */
async function survive(
  directory: string,
  kill: (
    attempt: number,
    resume: boolean,
  ) => Promise<{ killed: boolean; code: number | null; text: string; how: string }>,
): Promise<{ kills: number; story: string[] }> {
  const story: string[] = []
  let killed = 0
  for (let attempt = 0; ; attempt++) {
    const resume = existsSync(join(directory, 'config.yaml'))
    const one = await kill(attempt, resume)
    story.push(one.how)
    if (one.killed) killed++
    else if (one.code === 0) return { kills: killed, story }
    else throw new Error(`${story.join(', then ')}: exit code ${one.code}\n${one.text.slice(-2000)}`)
  }
}

async function campaign(name: string, kill: (directory: string) => Parameters<typeof survive>[1]): Promise<void> {
  let done = 0
  for (let trial = 0; done < kills; trial++) {
    const directory = join(root, `${name}-${trial}`)
    const { kills: survived, story } = await survive(directory, kill(directory))
    done += survived
    expect({ story, differs: differing(expected, contentsOf(directory)) }).toEqual({ story, differs: [] })
    rmSync(directory, { recursive: true })
    console.log(`${name}: ${done} kills in ${trial + 1} runs, 0 losses, 0 leftovers`)
  }
}

describe('a run that is killed', () => {
  it(`before any change of a file, ${kills} times, ends as if it had not been`, async () => {
    const random = choices(1)
    await campaign('change', (directory) => async (attempt, resume) => {
      const thread = random.below(3) === 0 ? 'worker' : 'main'
      const killAt = attempt < killsOfOne ? ({ thread, change: 1 + random.below(changes[thread]) } as const) : undefined
      const { code, text } = await run.start(directory, { resume, killAt }).ended
      const how = killAt ? `${thread} ${killAt.change}` : 'to the end'
      return { killed: code === null, code, text, how }
    })
  })

  it(`at random times, ${kills} times, ends as if it had not been`, async () => {
    const random = choices(2)
    await campaign('time', (directory) => async (attempt, resume) => {
      const after = attempt < killsOfOne ? random.between(0.1, 1.1 * seconds) : undefined
      const { child, ended } = run.start(directory, { resume })
      if (after !== undefined) {
        await Promise.race([ended, sleep(1000 * after)])
        child.kill('SIGKILL')
      }
      const { code, text } = await ended
      return { killed: code === null, code, text, how: after === undefined ? 'to the end' : `${after.toFixed(2)} s` }
    })
  })
})
