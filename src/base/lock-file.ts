/**
 * A file that one process at a time holds. It names its holder, and the holder keeps its modification time fresh.
 *
 * The file appears whole, by a link, so nobody sees it without its holder. The lock of a holder that is gone is taken
 * over by a rename onto it, under a guard: a lock of the same kind beside it, so that of several who find it only one
 * does so, and a process killed meanwhile leaves a guard that is taken over in the same way.
 */
import { randomUUID } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimes, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fateOf, type ProcessIdentity, thisProcess } from './process-identity.js'

export interface Holder extends ProcessIdentity {
  /** Of this one holding; absent in files of older versions. */
  token?: string
}

export interface LockTimes {
  /** How often the holder shows that it lives, milliseconds. */
  heartbeat: number
  /** So long without a sign a holder on another host may be, milliseconds. */
  patience: number
}

export interface HeldLock {
  /** Repeatable. Leaves a file that another process has taken over by now. */
  release(): void
}

export type Attempt =
  | { held: HeldLock }
  /** `undecided`: whether the holder lives shows within some heartbeats; the next attempts say it. */
  | { held?: undefined; holder?: Holder; undecided: boolean }

/** Heartbeats without one before a holder counts as gone, counted by this process's own clock. */
const watched = 3
/** Tokens held here: where the system tells no start times, a lock with this process's id may be another's of before. */
const ours = new Set<string>()

/** Attempts on one lock file, which remember what they saw of its holder. */
export interface LockClaim {
  attempt(): Attempt
}

export function claimLock(file: string, times: LockTimes): LockClaim {
  const holder: Holder = { ...thisProcess(), token: randomUUID() }
  const isGone = watchHolder(file, times)
  let guard: LockClaim | undefined

  function hold(): HeldLock {
    sweep(file, times)
    ours.add(holder.token!)
    const beat = setInterval(() => {
      const now = new Date()
      utimes(file, now, now, () => {})
    }, times.heartbeat)
    beat.unref()
    return {
      release() {
        clearInterval(beat)
        ours.delete(holder.token!)
        if (readHolder(file)?.token === holder.token) rmSync(file, { force: true })
      },
    }
  }

  return {
    attempt() {
      if (create(file, holder)) return { held: hold() }
      const found = isGone()
      if (found.fate !== 'gone') return { holder: found.holder, undecided: found.fate === 'undecided' }
      guard ??= claimLock(`${file}.takeover`, times)
      const { held } = guard.attempt()
      if (!held) return { holder: found.holder, undecided: true }
      try {
        // Whoever had the guard before may have taken it over.
        if (readText(file) !== found.text || !replace(file, holder)) return { holder: found.holder, undecided: true }
      } finally {
        held.release()
      }
      return { held: hold() }
    },
  }
}

type Found = { fate: 'alive' | 'gone' | 'undecided'; text?: string; holder?: Holder }

/** Judges the lock's holder. Where only its heartbeat tells, it is watched for a few of them, by the clock of this process. */
function watchHolder(file: string, { heartbeat, patience }: LockTimes): () => Found {
  let seen: { text: string; sign: number; since: number } | undefined

  function byHeartbeat(found: Omit<Found, 'fate'> & { text: string }, allowed: number): Found {
    const sign = quiet(() => statSync(file).mtimeMs)
    if (sign === undefined) return { ...found, fate: 'undecided' }
    if (allowed > 0 && Date.now() - sign <= allowed) return { ...found, fate: 'alive' }
    const now = performance.now()
    const still = seen?.text === found.text && seen.sign === sign
    if (seen?.text === found.text && seen.sign !== sign) {
      seen = { text: found.text, sign, since: now }
      return { ...found, fate: 'alive' }
    }
    if (!still) seen = { text: found.text, sign, since: now }
    return { ...found, fate: still && now - seen!.since > watched * heartbeat ? 'gone' : 'undecided' }
  }

  return () => {
    const text = readText(file)
    // It was released just now.
    if (text === undefined) return { fate: 'undecided' }
    const holder = parse(text)
    const found = { text, holder }
    if (holder === undefined) return byHeartbeat(found, 10 * heartbeat)
    const fate = fateOf(holder)
    if (fate === 'gone') return { ...found, fate }
    if (fate === 'unseen') return byHeartbeat(found, patience)
    if (fate === 'restarted') return byHeartbeat(found, 0)
    const isMe = holder.started !== undefined || (holder.token !== undefined && ours.has(holder.token))
    return { ...found, fate: holder.pid === process.pid && !isMe ? 'gone' : 'alive' }
  }
}

function quiet<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Undefined where there is no file; '' where it cannot be read. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : ''
  }
}

const readHolder = (file: string) => parse(readText(file) ?? '')

function parse(text: string): Holder | undefined {
  const value = quiet(() => JSON.parse(text) as Holder | null)
  return typeof value?.pid === 'number' && typeof value.host === 'string' ? value : undefined
}

/** Puts the holder's file in place, where there is none; false where there is one. */
function create(file: string, holder: Holder): boolean {
  const aside = asideOf(file, holder)
  writeFileSync(aside, JSON.stringify(holder))
  try {
    linkSync(aside, file)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // ENOENT: a new holder swept the file aside away.
    if (code === 'EEXIST' || code === 'ENOENT') return false
    if (noLinks.includes(code)) return createExclusively(file, holder)
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

/** What file systems without hard links answer; Windows also where a deleted file is still open somewhere. */
const noLinks = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EACCES']

function createExclusively(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false
    throw error
  }
}

/** False where the file is open elsewhere on a system that then does not let it go. */
function replace(file: string, holder: Holder): boolean {
  const aside = asideOf(file, holder)
  writeFileSync(aside, JSON.stringify(holder))
  try {
    renameSync(aside, file)
    return true
  } catch (error) {
    rmSync(aside, { force: true })
    if (process.platform === 'win32' || (error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

const asideOf = (file: string, { token }: Holder) => `${file}.${token}`

/** Removes what killed processes left beside the lock. One that is at work there tries again. */
function sweep(file: string, times: LockTimes): void {
  const name = basename(file)
  const left = (other: string) =>
    other.startsWith(`${name}.`) && /^\.([0-9a-f-]{36}|\d+)$/.test(other.slice(name.length))
  for (const other of quiet(() => readdirSync(dirname(file))) ?? []) {
    if (left(other)) quiet(() => rmSync(join(dirname(file), other), { force: true }))
  }
  const guard = `${file}.takeover`
  if (readText(guard) !== undefined && watchHolder(guard, times)().fate === 'gone') {
    quiet(() => rmSync(guard, { force: true }))
  }
}
