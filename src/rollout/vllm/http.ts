/** One request to a vLLM server, with a name for everything that can go wrong with it. Nothing is tried again here. */

import { FetchError, withoutCredentials } from '../../fetch/errors.js'
import { bodyOf, type Fetch, networkError } from '../../fetch/http.js'
import { errorDetail } from './replies.js'

/**
 * - unreachable: no connection, or it broke off; the server may have been restarted.
 * - silent: no whole answer in time.
 * - busy: the server puts requests off (429).
 * - failing: the server, or a proxy before it, is in trouble (5xx).
 * - garbled: an answer that is not what the protocol says, or longer than it can be.
 * - refused: the server does not do what was asked (4xx).
 */
export type Trouble = 'unreachable' | 'silent' | 'busy' | 'failing' | 'garbled' | 'refused'

export class RequestProblem extends Error {
  override name = 'RequestProblem'
  readonly trouble: Trouble
  readonly status?: number
  /** What the server says, in its own words; empty where it says nothing. */
  readonly detail: string

  constructor(trouble: Trouble, message: string, { status, detail = '', cause }: ProblemOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.trouble = trouble
    this.status = status
    this.detail = detail
  }
}

interface ProblemOptions {
  status?: number
  detail?: string
  cause?: unknown
}

export interface Ask {
  /** Below the server's address, without a leading slash. */
  path: string
  /** Absent: GET. */
  body?: unknown
  /** Seconds for the whole answer. */
  timeout: number
  /** Bytes of the answer at most. */
  limit: number
  signal?: AbortSignal
}

/** Enough for what a server says of itself. */
export const shortAnswer = 2 ** 20

export interface Caller {
  fetch: Fetch
  /** Sent as a bearer token. */
  key?: string
}

/** @throws RequestProblem, or the signal's reason */
export async function ask({ fetch, key }: Caller, server: string, { path, body, timeout, limit, signal }: Ask) {
  const url = new URL(path, server.endsWith('/') ? server : `${server}/`)
  const shown = withoutCredentials(url.href)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeout * 1000)
  try {
    const response = await fetch(url.href, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
    })
    const text = (await bodyOf(response, shown, limit)).toString()
    if (response.ok) return text
    throw statusProblem(shown, response.status, text)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof RequestProblem) throw error
    if (late.signal.aborted) {
      throw new RequestProblem('silent', `${shown} has not answered within ${timeout} s`, { cause: error })
    }
    const problem = error instanceof FetchError ? error : networkError(shown, error)
    const trouble = problem.problem === 'too-long' ? 'garbled' : 'unreachable'
    throw new RequestProblem(trouble, problem.message, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function statusProblem(shown: string, status: number, text: string): RequestProblem {
  const detail = errorDetail(text)
  const trouble = status === 429 || status === 408 || status === 425 ? 'busy' : status >= 500 ? 'failing' : 'refused'
  const message = `${shown} answers with status ${status}${detail === '' ? '' : `: ${detail}`}`
  return new RequestProblem(trouble, message, { status, detail })
}
