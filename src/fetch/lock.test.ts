import { existsSync } from 'node:fs'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withLock } from './lock.js'

let file: string
beforeEach(async () => {
  file = path.join(await mkdtemp(path.join(os.tmpdir(), 'lock-test-')), 'x.lock')
})
afterEach(() => rm(path.dirname(file), { recursive: true, force: true }))

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('only one is inside at a time, and the lock goes with the last', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside++
    most = Math.max(most, inside)
    await pause(10)
    inside--
    return 1
  }
  const results = await Promise.all(Array.from({ length: 5 }, () => withLock(file, work)))
  expect(results).toEqual([1, 1, 1, 1, 1])
  expect(most).toBe(1)
  expect(existsSync(file)).toBe(false)
})

test('a failure inside releases it', async () => {
  await expect(withLock(file, () => Promise.reject(new Error('inside')))).rejects.toThrow('inside')
  expect(await withLock(file, async () => 2)).toBe(2)
})

test('whoever waits hears for whom, once', async () => {
  const holders: unknown[] = []
  await withLock(file, async () => {
    const waiting = withLock(file, async () => 3, { onWait: (holder) => holders.push(holder) })
    await pause(500)
    expect(holders).toEqual([expect.objectContaining({ pid: process.pid, host: os.hostname() })])
    return { waiting }
  }).then(({ waiting }) => waiting)
  expect(holders).toHaveLength(1)
})

test('a crashed holder on this machine is recognised by its process', async () => {
  // No process has this id: Linux ends at 2^22.
  await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 7, host: os.hostname(), token: 'x' }))
  expect(await withLock(file, async () => 4)).toBe(4)
})

test('one on another machine, or one that left half a lock, by the time of its last sign', async () => {
  for (const content of [JSON.stringify({ pid: process.pid, host: 'elsewhere', token: 'x' }), '{"pid"']) {
    await writeFile(file, content)
    const waiting = withLock(file, async () => 5, { heartbeat: 50 })
    expect(await Promise.race([waiting, pause(250).then(() => 'waits')])).toBe('waits')
    const past = new Date(Date.now() - 60_000)
    await utimes(file, past, past)
    expect(await waiting).toBe(5)
  }
})

test('many that find the same abandoned lock take it over one after the other', async () => {
  await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 7, host: os.hostname(), token: 'x' }))
  let inside = 0
  let most = 0
  const work = async () => {
    inside++
    most = Math.max(most, inside)
    await pause(5)
    inside--
  }
  await Promise.all(Array.from({ length: 8 }, () => withLock(file, work)))
  expect(most).toBe(1)
})
