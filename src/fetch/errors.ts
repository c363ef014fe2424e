/**
 * What can go wrong between this machine and a server, and the way out of it. The folders above turn these into what users
 * see; nothing here prints. `address`: a setting names none; `answer`: the server says something else than its protocol
 * does; `too-long`: more of it than there should be.
 */
export type FetchProblem =
  | 'offline'
  | 'address'
  | 'unreachable'
  | 'proxy'
  | 'certificate'
  | 'status'
  | 'not-found'
  | 'no-ranges'
  | 'changed'
  | 'answer'
  | 'too-long'
  | 'hash'
  | 'space'
  | 'permission'
  | 'busy'

export class FetchError extends Error {
  override name = 'FetchError'
  readonly problem: FetchProblem
  /** The address asked, without credentials. */
  readonly url?: string
  /** The HTTP status that was answered. */
  readonly status?: number
  /** What to do about it. */
  readonly hint?: string

  constructor(
    problem: FetchProblem,
    message: string,
    options: { url?: string; status?: number; hint?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.problem = problem
    this.url = options.url
    this.status = options.status
    this.hint = options.hint
  }
}

/** Statuses below 500 by which a server puts a request off: time-out, too early, too many requests. */
const putOff = new Set([408, 425, 429])

/** Whether a status speaks of the server and not of what was asked of it. */
export const isServerTrouble = (status: number): boolean => status >= 500 || putOff.has(status)

/** Whether the same request may succeed later: the server was not reached, or put it off. */
export function isTransient({ problem, status }: FetchError): boolean {
  return problem === 'unreachable' || (problem === 'status' && isServerTrouble(status ?? 0))
}

/** An address as it may be printed: user name, password and the query, which may be signed, taken out. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/s, '')
}
