import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Attempt, claimLock } from './lock-file.js'
import { fateOf, isAlive, thisProcess } from './process-identity.js'

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(join(os.tmpdir(), 'lock-file-'))
  file = join(directory, '.lock')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const linux = process.platform === 'linux'
const heartbeat = 20
const claim = (patience = 200) => claimLock(file, { heartbeat, patience })
/** Attempts until it is decided whether the lock is had. */
async function settle(one: ReturnType<typeof claimLock>): Promise<Attempt> {
  for (;;) {
    const attempt = one.attempt()
    if (attempt.held || !attempt.undecided) return attempt
    await sleep(5)
  }
}
const held = async (one = claim()) => (await settle(one)).held !== undefined
const left = () => readdirSync(directory)
const gonePid = () => spawnSync(process.execPath, ['--version']).pid

describe('a lock', () => {
  it('has one holder, also within a process, and goes with it', async () => {
    const first = claim().attempt()
    expect(first.held).toBeDefined()
    expect(claim().attempt()).toMatchObject({ holder: thisProcess(), undecided: false })
    first.held?.release()
    first.held?.release()
    expect(left()).toEqual([])
    expect(await held()).toBe(true)
  })

  it('of a process that is gone is taken over, in the form of older versions too', async () => {
    const { host, ...identity } = thisProcess()
    for (const content of [
      { pid: gonePid(), host },
      { pid: process.pid, host },
      { ...identity, host, pid: gonePid(), token: 'x' },
    ]) {
      writeFileSync(file, JSON.stringify(content))
      const { held } = await settle(claim())
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, host })
      expect(left()).toEqual(['.lock'])
      held?.release()
    }
  })

  it('of another live process is respected, whatever its age', async () => {
    const child = spawn('sleep', ['60'])
    writeFileSync(file, JSON.stringify({ pid: child.pid, host: os.hostname() }))
    utimesSync(file, 0, 0)
    expect(await settle(claim())).toMatchObject({ holder: { pid: child.pid } })
    child.kill()
  })

  it('from another host is judged by its heartbeat, whatever the clocks say', async () => {
    writeFileSync(file, JSON.stringify({ pid: 1, host: 'elsewhere', token: 'x' }))
    expect(claim(60_000).attempt()).toMatchObject({ holder: { host: 'elsewhere' }, undecided: false })
    // An hour behind, and alive.
    const behind = Date.now() / 1000 - 3600
    utimesSync(file, behind, behind)
    let beats = 0
    const beat = setInterval(() => utimesSync(file, behind, behind + ++beats), 5)
    expect(await held(claim(60_000))).toBe(false)
    clearInterval(beat)
    expect(await held(claim(60_000))).toBe(true)
  })

  it('that cannot be read is judged by its age', async () => {
    for (const content of ['', '{"pid"', 'null', '5']) {
      writeFileSync(file, content)
      // A sign from later than now is fresh, however slowly this machine runs.
      const later = Date.now() / 1000 + 3600
      utimesSync(file, later, later)
      expect(claim().attempt()).toMatchObject({ undecided: false })
      utimesSync(file, 1000, 1000)
      const { held } = await settle(claim())
      expect(held).toBeDefined()
      held?.release()
    }
  })

  it('leaves nothing of processes that were killed beside it', async () => {
    const dead = { ...thisProcess(), pid: gonePid(), token: 'x' }
    const names = ['.lock', '.lock.takeover', '.lock.1234', '.lock.6f9619ff-8b86-4d01-b42d-00c04fc964ff']
    for (const name of names) writeFileSync(join(directory, name), JSON.stringify(dead))
    const { held } = await settle(claim())
    expect(left()).toEqual(['.lock'])
    held?.release()
    expect(left()).toEqual([])
  })

  it('is taken over though those who took it over before were killed with the guard', async () => {
    const dead = JSON.stringify({ ...thisProcess(), pid: gonePid(), token: 'x' })
    for (const name of ['.lock', '.lock.takeover', '.lock.takeover.takeover'])
      writeFileSync(join(directory, name), dead)
    expect(await held()).toBe(true)
    expect(left()).toEqual(['.lock'])
  })

  it('that another has taken over is left to it', async () => {
    const { held } = await settle(claim())
    writeFileSync(file, JSON.stringify({ ...thisProcess(), token: 'other' }))
    held?.release()
    expect(existsSync(file)).toBe(true)
  })
})

describe.runIf(linux)('a restarted machine or container', () => {
  it('has the same process id again, and another start', async () => {
    const mine = thisProcess()
    writeFileSync(file, JSON.stringify({ ...mine, started: mine.started! - 1, token: 'x' }))
    expect(claim().attempt().held).toBeDefined()
  })

  it.each([
    ['another boot', { boot: 'another' }],
    ['another namespace', { namespace: 'pid:[1]' }],
  ])('%s: the holder is gone unless its heart beats', async (_, change) => {
    const content = JSON.stringify({ ...thisProcess(), ...change, token: 'x' })
    writeFileSync(file, content)
    expect(fateOf(JSON.parse(content))).toBe('restarted')
    const beat = setInterval(() => utimesSync(file, new Date(), new Date()), 5)
    expect(await held()).toBe(false)
    clearInterval(beat)
    expect(await held()).toBe(true)
  })

  it('does not see the processes of a container beside it', () => {
    expect(fateOf({ ...thisProcess(), namespace: 'pid:[1]', pid: process.pid + 1 })).toBe('unseen')
  })

  it('may leave a killed process that nobody reaps', async () => {
    // The second sleep takes the shell's place and never waits for the first.
    const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'])
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
    while (isAlive(pid)) await sleep(5)
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
    writeFileSync(file, JSON.stringify({ pid, host: os.hostname() }))
    expect(await held()).toBe(true)
    parent.kill()
  })
})
