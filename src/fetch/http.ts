/**
 * One GET, made the way this machine's owner wants it: through the configured proxy, trusting the configured
 * authorities, credentials moved from the address into a header, transient failures tried again with growing pauses.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isWebAddress } from './address.js'
import { FetchError, isServerTrouble, isTransient, withoutCredentials } from './errors.js'
import { networkFetch } from './network.js'

export type Fetch = typeof globalThis.fetch

export interface HttpOptions {
  /** Stands in for the network; given, proxy and certificate settings are its own business. */
  fetch?: Fetch
  /** Tries per request, the first included. */
  attempts?: number
  /** The first pause between tries; it doubles each time. Milliseconds. */
  pause?: number
}

export interface Http {
  /** The response to a GET with a 2xx status, its body unread. Throws FetchError. */
  get(url: string, headers?: Record<string, string>): Promise<Response>
  readonly attempts: number
  /** Waits before the next try, `failures` tries having failed in a row. */
  rest(failures: number): Promise<void>
}

const LONGEST_PAUSE = 20_000

export function createHttp(options: HttpOptions = {}): Http {
  const fetch = options.fetch ?? networkFetch()
  const attempts = options.attempts ?? 6
  const pause = options.pause ?? 500
  const rest = (failures: number) =>
    sleep(Math.min(pause * 2 ** (failures - 1), LONGEST_PAUSE) * (0.75 + Math.random() / 2))

  async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
    const { address, authorization } = splitCredentials(url)
    const sent = authorization ? { ...headers, authorization } : headers
    for (let failures = 0; ; ) {
      let failure: FetchError
      try {
        const response = await fetch(address, { headers: sent, redirect: 'follow' })
        if (response.ok) return response
        await response.body?.cancel()
        failure = statusError(address, response.status)
        if (!isServerTrouble(response.status)) throw failure
        failures += 1
        const asked = Number(response.headers.get('retry-after'))
        if (failures < attempts && asked > 0) await sleep(Math.min(asked * 1000, LONGEST_PAUSE))
      } catch (error) {
        failure = error instanceof FetchError ? error : networkError(address, error)
        if (!isTransient(failure)) throw failure
        failures += 1
      }
      if (failures >= attempts) throw failure
      await rest(failures)
    }
  }
  return { get, attempts, rest }
}

/** The longest answer that is read into memory: a page of an index or of a listing, which stay far below. */
export const LONGEST_ANSWER = 64 * 2 ** 20

/**
 * The body of an answer from `url`, piece by piece, and no more than `limit` bytes of it.
 * Throws FetchError where it is longer, and where the connection breaks off or falls silent.
 */
export async function* piecesOf(response: Response, url: string, limit: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return
  const announced = Number(
    response.headers.get('content-encoding') ? Number.NaN : response.headers.get('content-length'),
  )
  let left = limit
  try {
    if (announced > limit) throw tooLong(url, limit)
    for (;;) {
      const { value } = await reader.read().catch((error: unknown) => {
        throw networkError(url, error)
      })
      if (!value) return
      left -= value.length
      if (left < 0) throw tooLong(url, limit)
      yield value
    }
  } finally {
    // What is not read is not sent either. A body that has ended, or broken off, has nothing to cancel.
    await reader.cancel().catch(() => {})
  }
}

function tooLong(url: string, limit: number): FetchError {
  const shown = withoutCredentials(url)
  return new FetchError('too-long', `${shown} sends more than the ${limit} bytes that it may have`, {
    url: shown,
    hint: 'The server, or a proxy before it, sends something else than was asked for.',
  })
}

/** The whole body of an answer from `url`. Throws FetchError as {@link piecesOf} does. */
export async function bodyOf(response: Response, url: string, limit = LONGEST_ANSWER): Promise<Buffer<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  for await (const piece of piecesOf(response, url, limit)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** What fetch threw, named. */
export function networkError(url: string, error: unknown): FetchError {
  const shown = withoutCredentials(url)
  const chain: { message: string; code: string }[] = []
  for (let at = error; at instanceof Error && chain.length < 6; at = at.cause)
    chain.push({ message: at.message, code: String((at as NodeJS.ErrnoException).code ?? '') })
  const deepest = chain.at(-1) ?? { message: String(error), code: '' }
  const detail = deepest.message || deepest.code
  const options = { url: shown, cause: error }
  if (chain.some(({ message }) => /proxy/i.test(message)))
    return new FetchError('proxy', `The proxy refused the way to ${shown}: ${detail}`, {
      ...options,
      hint: 'Check HTTPS_PROXY (user:password@host:port where it asks for a login) and NO_PROXY, or the proxy in pip.conf.',
    })
  if (
    chain.some(
      ({ code, message }) => /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code) || /certificate/i.test(message),
    )
  )
    return new FetchError('certificate', `No trusted certificate at ${shown}: ${detail}`, {
      ...options,
      hint: "Name your organisation's authority as a PEM file in PIP_CERT, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.",
    })
  return new FetchError('unreachable', `Cannot reach ${shown}: ${detail}`, options)
}

function statusError(url: string, status: number): FetchError {
  const shown = withoutCredentials(url)
  if (status === 407)
    return new FetchError('proxy', `The proxy asks for a login on the way to ${shown} (status 407)`, {
      url: shown,
      status,
      hint: 'Set HTTPS_PROXY to http://user:password@host:port.',
    })
  const hint =
    status === 401 || status === 403
      ? 'The index asks for a login: put it into the address, PIP_INDEX_URL=https://user:password@host/simple.'
      : status === 404
        ? 'This index does not have it: point PIP_INDEX_URL to one that mirrors the public index.'
        : 'The server is in trouble; try again later, or point PIP_INDEX_URL to another index.'
  return new FetchError(status === 404 ? 'not-found' : 'status', `${shown} answered status ${status}`, {
    url: shown,
    status,
    hint,
  })
}

/** fetch refuses addresses with credentials; a Basic header carries them instead. */
function splitCredentials(url: string): { address: string; authorization?: string } {
  if (!isWebAddress(url)) {
    throw new FetchError('address', `"${withoutCredentials(url)}" is no web address`, {
      hint: 'An address begins with https:// or http:// and names a host.',
    })
  }
  const parsed = new URL(url)
  if (!parsed.username && !parsed.password) return { address: url }
  const login = `${unescaped(parsed.username)}:${unescaped(parsed.password)}`
  parsed.username = ''
  parsed.password = ''
  return { address: parsed.href, authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}

/** Without percent signs, as pip reads a login: one that begins no escape stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
