/**
 * One process at a time does a piece of work; the others wait. A holder that crashed is recognized, and its lock taken
 * over (see base/lock-file.ts).
 * Two processes inside at once would cost a download twice and no more: what they produce is verified and renamed into place.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { claimLock } from '../base/lock-file.js'

export interface LockOptions {
  /** Called once when another process holds the lock. */
  onWait?: (holder: { pid: number; host: string }) => void
  /** How often the holder shows that it lives, milliseconds; ten times that without a sign is a crash. */
  heartbeat?: number
}

/** Runs `work` while holding the lock file; waits for other holders first. */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const heartbeat = options.heartbeat ?? 2000
  const claim = claimLock(file, { heartbeat, patience: 10 * heartbeat })
  let waiting = false
  for (;;) {
    const attempt = claim.attempt()
    if (attempt.held) {
      try {
        return await work()
      } finally {
        attempt.held.release()
      }
    }
    const { holder, undecided } = attempt
    if (holder && !undecided && !waiting) {
      options.onWait?.(holder)
      waiting = true
    }
    await sleep(undecided ? 20 : 200)
  }
}
