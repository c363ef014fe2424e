import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { FuzzTask } from './fuzz/child.js'
import { formats } from './fuzz/formats.js'
import { setting } from './settings.js'

const root = mkdtempSync(join(tmpdir(), 'campaign-fuzz-'))
let kept = false
afterAll(() => (kept ? undefined : rmSync(root, { recursive: true, force: true })))

/** Runs TypeScript. */
const jiti = 'node_modules/jiti/lib/jiti-cli.mjs'
const cases = setting('CASES', 1000)
/** A first case, to repeat one that failed. */
const from = setting('FROM', 0)
/** Processor time that one case may take. A case takes milliseconds. */
const longestSeconds = 20
/** Resident memory of the whole process, the engine's libraries included. */
const largestBytes = 2 * 2 ** 30
/** A format that fails again and again is not tried to its end. */
const mostFailures = 25

interface Failure {
  at: number
  outcome: string
}

/** One process, until it ends, hangs, or grows too much. */
async function part(task: FuzzTask): Promise<{ at: number; accepted: number; refused: number; ending?: string }> {
  const child = spawn(process.execPath, [jiti, join(import.meta.dirname, 'fuzz/child.ts')], {
    env: { ...process.env, NO_COLOR: '1', FUZZ: JSON.stringify(task), NODE_OPTIONS: '--max-old-space-size=1024' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr.on('data', (chunk) => {
    text = (text + chunk).slice(-3000)
  })
  const closed = new Promise<string>((resolve) =>
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `ended with ${signal ?? code}: ${text}`)),
  )
  const state = { at: Number.NaN, since: 0 }
  let ending: string | undefined
  while (ending === undefined) {
    ending = await Promise.race([closed, sleep(100).then(() => undefined)])
    if (ending !== undefined) break
    const { seconds, bytes } = usage(child.pid!)
    const { at } = progressOf(task)
    if (at !== state.at) Object.assign(state, { at, since: seconds })
    const trouble =
      bytes > largestBytes
        ? `takes ${(bytes / 2 ** 20).toFixed(0)} MiB`
        : at >= 0 && seconds - state.since > longestSeconds
          ? `takes more than ${longestSeconds} s`
          : undefined
    if (trouble === undefined) continue
    child.kill('SIGKILL')
    await closed
    ending = trouble
  }
  return { ...progressOf(task), ...(ending === '' ? {} : { ending }) }
}

function progressOf({ progress }: FuzzTask): { at: number; accepted: number; refused: number } {
  const [at, accepted, refused] = (existsSync(progress) ? readFileSync(progress, 'utf8') : '').trim().split(' ')
  return { at: at ? Number(at) : -1, accepted: Number(accepted ?? 0), refused: Number(refused ?? 0) }
}

/** Processor seconds and resident bytes of a process. */
function usage(pid: number): { seconds: number; bytes: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, bytes: Number(fields[21]) * 4096 }
  } catch {
    return { seconds: 0, bytes: 0 }
  }
}

async function fuzz(format: string) {
  const failures: Failure[] = []
  const counts = { accepted: 0, refused: 0 }
  const last = from + cases - 1
  for (let first = from; first <= last; ) {
    const place = join(root, `${format}-${first}`.replaceAll(' ', '-'))
    const directory = join(place, 'files')
    mkdirSync(join(directory, 'rollouts'), { recursive: true })
    const task: FuzzTask = {
      format,
      seed: setting('SEED', 1),
      first,
      last,
      directory,
      progress: join(place, 'progress'),
      failures: join(place, 'failures'),
    }
    const { at, accepted, refused, ending } = await part(task)
    if (at < 0) throw new Error(`${format}: no case was reached: ${ending}`)
    counts.accepted += accepted
    counts.refused += refused
    const lines = existsSync(task.failures) ? readFileSync(task.failures, 'utf8').trimEnd().split('\n') : []
    failures.push(...lines.map((line) => JSON.parse(line) as Failure))
    if (ending !== undefined && at <= last) {
      kept = true
      const file = join(root, `${format.replaceAll(' ', '-')}-case-${at}`)
      cpSync(join(directory, 'damaged'), file)
      failures.push({ at, outcome: `${ending} (${file})` })
    }
    if (failures.length >= mostFailures) break
    first = at + 1
  }
  return { ...counts, failures }
}

describe('damaged files', () => {
  it.each(Object.keys(formats))(`%s, ${cases} times: accepted or refused in words`, async (format) => {
    const began = performance.now()
    const { accepted, refused, failures } = await fuzz(format)
    const seconds = (performance.now() - began) / 1000
    console.log(
      `${format.padEnd(20)} ${accepted} accepted, ${refused} refused, ${failures.length} failed, ${seconds.toFixed(0)} s`,
    )
    expect(failures).toEqual([])
  })
})
