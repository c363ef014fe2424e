/**
 * One process at a time does a piece of work; the others wait. The lock is a file that names its holder, and the
 * holder keeps its modification time fresh. A holder that crashed is recognised by its process id (on this host) or by a time
 * gone stale (from another host, over a shared file system), and its lock is taken over.
 * Two processes inside at once would cost a download twice and no more: what they produce is verified and renamed into place.
 */
import { randomUUID } from 'node:crypto'
import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

export interface LockOptions {
  /** Called once when another process holds the lock. */
  onWait?: (holder: { pid: number; host: string }) => void
  /** How often the holder shows that it lives, milliseconds; ten times that without a sign is a crash. */
  heartbeat?: number
}

interface Holder {
  pid: number
  host: string
  token: string
}

/** Runs `work` while holding the lock file; waits for other holders first. */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const heartbeat = options.heartbeat ?? 2000
  const holder: Holder = { pid: process.pid, host: os.hostname(), token: randomUUID() }
  let waiting = false
  while (!(await create(file, holder))) {
    const other = await readHolder(file)
    if (await isAbandoned(file, other, heartbeat)) await takeAway(file, other, heartbeat)
    else {
      if (other && !waiting) options.onWait?.(other)
      waiting ||= other !== undefined
      await sleep(200)
    }
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(file, now, now).catch(() => {})
  }, heartbeat)
  beat.unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if ((await readHolder(file))?.token === holder.token) await rm(file, { force: true })
  }
}

/** Creates the lock file; false where it exists. */
async function create(file: string, holder: Holder): Promise<boolean> {
  try {
    const handle = await open(file, 'wx')
    try {
      await handle.writeFile(JSON.stringify(holder))
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    // Windows answers EPERM while a deleted lock file is still open somewhere.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false
    throw error
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

async function isAbandoned(file: string, holder: Holder | undefined, heartbeat: number): Promise<boolean> {
  if (holder?.host === os.hostname() && !isAlive(holder.pid)) return true
  const age = await stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
  return age > 10 * heartbeat
}

/** Whether a process of this machine runs; one of another user's does. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes an abandoned lock; a second lock around it keeps two waiters from removing each other's fresh one. */
async function takeAway(file: string, seen: Holder | undefined, heartbeat: number): Promise<void> {
  const guard = `${file}.takeover`
  if (!(await create(guard, { pid: process.pid, host: os.hostname(), token: randomUUID() }))) {
    if (await isAbandoned(guard, await readHolder(guard), heartbeat)) await rm(guard, { force: true })
    await sleep(20)
    return
  }
  try {
    if ((await readHolder(file))?.token === seen?.token) await rm(file, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}
