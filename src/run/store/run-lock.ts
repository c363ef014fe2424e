import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { claimLock } from '../../base/lock-file.js'
import { guarded } from './disk.js'

/** A process that syncs a large checkpoint gives no sign for that long. */
const times = { heartbeat: 2000, patience: 120_000 }

/**
 * Marks a directory as being written by this process; returns the release. `doing` says in another process's error what this
 * one does. A mark whose process is gone is taken over: killed, from before a restart of the machine or container, or on
 * another host and silent for two minutes. Waits for a few seconds if only the holder's sign of life can tell.
 * @throws UserError if another process writes to it.
 */
export function lockRun(directory: string, doing = 'training in it'): () => void {
  const file = join(directory, '.lock')
  const claim = claimLock(file, times)
  for (;;) {
    const attempt = guarded(directory, () => claim.attempt())
    if (attempt.held) return () => attempt.held.release()
    if (!attempt.undecided) {
      const { holder } = attempt
      const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`
      throw new UserError(`${directory}: ${who} is ${doing}`, {
        hint: `wait for it or stop it; if it is gone, remove ${file}`,
      })
    }
    // Synchronous like the rest: nothing of this process is under way yet.
    Atomics.wait(pause, 0, 0, 20)
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))
