/**
 * The few verbs by which a run changes the disk. Each is durable when it returns (synced, the directory entry too),
 * and a run is consistent between any two of them: what is being made carries a partial name until one rename.
 * An object, so that a test can stop the world at any verb.
 */
import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure, UserError } from '../../base/errors.js'
import { makeDirectory } from '../../base/make-directory.js'

export interface Disk {
  /** Creates a directory and its parents. */
  makeDirectory(path: string): void
  /** Writes a whole file in place: for files with a partial name. */
  write(path: string, data: string | Uint8Array): void
  append(path: string, data: string | Uint8Array): void
  /** Syncs files that somebody else wrote below `path`. */
  syncTree(path: string): void
  /** Replaces `to`. */
  rename(from: string, to: string): void
  /** Removes a file or a tree, also where there is none. */
  remove(path: string): void
}

/**
 * What a user can do something about, in words; every other failure as it is. A directory that cannot be made is ENOENT to
 * Node, on a read-only file system too.
 */
function explained(error: unknown, path: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  const whole = path.replace(/(^|[/\\])\.([^/\\]+)\.partial$/, '$1$2')
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure(`${whole}: no space left on the disk`, {
      hint: 'free some space, then give the command again: what was saved before is whole',
      cause: error,
    })
  }
  if (code in obstacles) {
    return new UserError(`${whole}: not writable: ${obstacles[code]} (${code})`, {
      hint: 'choose a directory that is there and may be written to',
      cause: error,
    })
  }
  return error
}

const obstacles: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'it is a directory',
  EEXIST: 'it is a file',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such directory, or none that can be made',
}

/** What a write by other hands failed of, in the same words; `path` is what was being written. */
export async function guardedWrite<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explained(error, path)
  }
}

export function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explained(error, path)
  }
}

function syncPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Windows keeps no directory handles to sync; its renames are journaled. */
function syncDirectory(path: string): void {
  if (process.platform !== 'win32') syncPath(path)
}

function writeSynced(path: string, data: string | Uint8Array, flag: 'w' | 'a'): void {
  const file = openSync(path, flag)
  try {
    writeFileSync(file, data)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) syncTree(child)
    else if (entry.isFile()) syncPath(child)
  }
  syncDirectory(path)
}

/** Removes a file that is of no use; what stands in the way has been told by the error before. */
function dropFile(path: string): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path)
  } catch {}
}

export const realDisk: Disk = {
  makeDirectory: (path) => guarded(path, () => makeDirectory(path)),
  write: (path, data) =>
    guarded(path, () => {
      try {
        writeSynced(path, data, 'w')
      } catch (error) {
        dropFile(path)
        throw error
      }
    }),
  append: (path, data) => guarded(path, () => writeSynced(path, data, 'a')),
  syncTree: (path) => guarded(path, () => syncTree(path)),
  rename: (from, to) =>
    guarded(to, () => {
      try {
        renameSync(from, to)
      } catch (error) {
        dropFile(from)
        throw error
      }
      syncDirectory(dirname(to))
    }),
  remove: (path) => guarded(path, () => rmSync(path, { recursive: true, force: true })),
}

/** Writes a file aside and renames it: readers see the old one or the new one, never a part. */
export function replaceFile(disk: Disk, path: string, data: string | Uint8Array): void {
  const aside = join(dirname(path), `.${basename(path)}.partial`)
  disk.write(aside, data)
  disk.rename(aside, path)
}
