import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Failure } from '../base/errors.js'
import { thrownAt } from './thrown-at.js'

/** A grader that threw, hung or answered nonsense. It stops the run: a judge that is down must not look like reward 0. */
export class GraderError extends Failure {
  override name = 'GraderError'
}

/** Keys of everything that calls code of the user's. */
export const patienceKeys = {
  timeout: z.number().positive().max(86_400).default(60).describe('seconds that one try may take'),
  retries: z.int().min(0).max(100).default(2).describe('further tries after a failed one'),
  pause: z.number().min(0).default(1).describe('seconds before the second try; doubles with each further one'),
}

export type PatienceOptions = z.output<z.ZodObject<typeof patienceKeys>>

/**
 * Calls `work` until it succeeds, at most 1 + retries times, each time for at most `timeout` seconds. The signal it
 * is given is aborted when its time is up, or with `outer`, after which there is no further try. Throws {@link GraderError} with the last failure as its cause.
 */
export async function withPatience<T>(
  what: string,
  options: PatienceOptions,
  work: (signal: AbortSignal) => T | Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  let failure: unknown
  for (let attempt = 0; attempt <= options.retries && (attempt === 0 || !outer?.aborted); attempt++) {
    if (attempt > 0)
      await sleep(1000 * options.pause * 2 ** (attempt - 1), undefined, { signal: outer }).catch(() => {})
    const controller = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`no answer within ${options.timeout} s`)
        reject(error)
        controller.abort(error)
      }, 1000 * options.timeout)
    })
    try {
      return await Promise.race([work(outer ? AbortSignal.any([outer, controller.signal]) : controller.signal), timeUp])
    } catch (error) {
      failure = error
    } finally {
      clearTimeout(timer)
    }
  }
  const tries = options.retries === 0 ? '' : ` (${options.retries + 1} tries)`
  throw new GraderError(`${what}${tries}: ${failure instanceof Error ? failure.message : String(failure)}`, {
    hint: thrownAt(failure),
    cause: failure,
  })
}
