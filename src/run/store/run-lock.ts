import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { isAlive } from '../../fetch/lock.js'
import { guarded } from './disk.js'

/**
 * Marks a run directory as being written by this process; returns the release. A mark whose process is gone (killed)
 * is taken over. @throws UserError where another process trains in it.
 */
export function lockRun(directory: string): () => void {
  const file = join(directory, '.lock')
  for (let attempt = 0; ; attempt++) {
    if (guarded(directory, () => create(file))) return () => rmSync(file, { force: true })
    if (attempt > 2) throw new Error(`${file}: cannot be taken over`)
    const holder = readHolder(file)
    const gone = holder === undefined || (holder.host === os.hostname() && !isAlive(holder.pid))
    if (!gone) {
      throw new UserError(`${directory}: process ${holder.pid} on ${holder.host} is training in it`, {
        hint: `wait for it or stop it; if it is gone, remove ${file}`,
      })
    }
    rmSync(file, { force: true })
  }
}

/** Linked into place, so that nobody ever sees a mark without its holder. */
function create(file: string): boolean {
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, JSON.stringify({ pid: process.pid, host: os.hostname() }))
  try {
    linkSync(aside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function readHolder(file: string): { pid: number; host: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
