/**
 * An end to synchronous work that a file decides on: a regular expression backtracks for as long as its text lets it,
 * and nothing else on the thread can stop it. V8 can, at the boundary of a script with a timeout.
 */

import { createContext, Script } from 'node:vm'

let boundary: { script: Script; context: { job?: () => void } } | undefined

/**
 * Runs `work` for at most so many milliseconds of wall time, with about 0.15 ms on top. The limit is there against
 * hangs: it must be far above what `work` takes on a slow and busy machine.
 *
 * @throws whatever `work` throws, or what `tooLong` returns where the time is up
 */
export function withinTime<T>(milliseconds: number, tooLong: () => Error, work: () => T): T {
  boundary ??= { script: new Script('job()'), context: createContext({}) }
  const { script, context } = boundary
  let outcome: { value: T } | { error: unknown } | undefined
  const outer = context.job
  context.job = () => {
    try {
      outcome = { value: work() }
    } catch (error) {
      outcome = { error }
    }
  }
  try {
    script.runInContext(context, { timeout: milliseconds })
  } catch (cause) {
    // The timeout cannot be caught inside, so there is no outcome then.
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
    throw tooLong()
  } finally {
    context.job = outer
  }
  if (outcome === undefined || 'error' in outcome) throw outcome?.error
  return outcome.value
}
