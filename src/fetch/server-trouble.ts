import { ServerTrouble } from '../base/errors.js'
import { type FetchError, isTransient } from './errors.js'

/** What a user can do besides waiting. */
export interface OtherWays {
  /** The variable that names another server. */
  endpoint: string
  /** What may be named in place of what the server has. */
  instead: string
}

/**
 * The failure to report where `what` is not there because its server is out of reach or in trouble; undefined for every
 * other error, which speaks of what was asked for.
 */
export function serverTrouble(
  what: string,
  error: FetchError,
  { endpoint, instead }: OtherWays,
): ServerTrouble | undefined {
  if (!isTransient(error)) return undefined
  const again = 'try again later (what is already downloaded is kept)'
  const hint =
    error.problem === 'unreachable'
      ? `check the connection and ${again}, or name another server in ${endpoint}, a proxy in HTTPS_PROXY, or ${instead}`
      : `the server ${error.status === 429 ? 'limits how often it is asked' : 'is in trouble'}: ${again}, or name another in ${endpoint}`
  return new ServerTrouble(`${what} cannot be fetched now: ${error.message}`, { hint, cause: error })
}
