import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withLock } from './lock.js'

let home: string
let file: string
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'lock-'))
  file = path.join(home, 'x.lock')
})
afterEach(() => rm(home, { recursive: true }))

it('lets one at a time in, and frees the lock on a throw', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await sleep(5)
    inside--
    throw new Error('done')
  }
  const ends = await Promise.allSettled([1, 2, 3].map(() => withLock(file, work)))
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(most).toBe(1)
  expect(existsSync(file)).toBe(false)
})

it('takes over from a process that is gone', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  await writeFile(file, JSON.stringify({ pid, host: os.hostname(), token: 'old' }))
  const waits: number[] = []
  const holder = () => readFile(file, 'utf8').then((text) => JSON.parse(text).pid as number)
  expect(await withLock(file, holder, { onWait: (other) => waits.push(other.pid) })).toBe(process.pid)
  expect(waits).toEqual([])
})

it("takes over another host's lock only when it has gone stale", async () => {
  await writeFile(file, JSON.stringify({ pid: 1, host: 'elsewhere', token: 'old' }))
  const waits: string[] = []
  const onWait = ({ host }: { host: string }) => {
    waits.push(host)
    // Twenty minutes without a sign of life.
    const past = new Date(Date.now() - 1_200_000)
    void utimes(file, past, past)
  }
  expect(await withLock(file, async () => 'in', { onWait })).toBe('in')
  expect(waits).toEqual(['elsewhere'])
})
