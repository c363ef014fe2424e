import { type FetchError, isServerTrouble } from '../fetch/errors.js'
import { ServerTrouble } from './errors.js'

/**
 * The failure to report where the server's trouble is why `what` is not there; undefined for every other error.
 * `endpoint`: the variable that names another server.
 */
export function serverTrouble(
  what: string,
  { problem, status = 0, message, cause }: FetchError,
  endpoint: string,
): ServerTrouble | undefined {
  if (problem !== 'status' || !isServerTrouble(status)) return undefined
  const again = 'try again later (what is already downloaded is kept)'
  return new ServerTrouble(`${what} cannot be fetched now: ${message}`, {
    hint: `the server ${status === 429 ? 'limits how often it is asked' : 'is in trouble'}: ${again}, or name another in ${endpoint}`,
    cause,
  })
}
