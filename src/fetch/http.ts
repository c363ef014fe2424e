/**
 * One GET, made the way this machine's owner wants it: through the configured proxy, trusting the configured
 * authorities, credentials moved from the address into a header, transient failures tried again with growing pauses.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici'
import { FetchError, isServerTrouble, isTransient, withoutCredentials } from './errors.js'
import { pipSettings } from './pip.js'

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

/** A connection that is silent for this long is given up and tried again. */
const SILENCE = 60_000
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

/** The whole body of an answer from `url`. Throws FetchError where the connection breaks off or falls silent. */
export async function bodyOf(response: Response, url: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    throw networkError(url, error)
  }
}

/** A client as a library takes it for short answers: each has arrived whole, and every failure is a FetchError. */
export const fetchWhole = (http: Http): Fetch =>
  (async (url: unknown) => {
    const response = await http.get(String(url))
    const { status, headers } = response
    return new Response(await bodyOf(response, String(url)), { status, headers })
  }) as Fetch

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
  const parsed = new URL(url)
  if (!parsed.username && !parsed.password) return { address: url }
  const login = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
  parsed.username = ''
  parsed.password = ''
  return { address: parsed.href, authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}

/** Node 20's own fetch knows no proxy, so undici's is used with an agent that reads the environment and pip's settings. */
function networkFetch(): Fetch {
  const pip = pipSettings()
  const ca = trustedAuthorities(pip.certificate)
  const dispatcher = new EnvHttpProxyAgent({
    headersTimeout: SILENCE,
    bodyTimeout: SILENCE,
    ...(pip.proxy && { httpProxy: pip.proxy, httpsProxy: pip.proxy }),
    ...(ca && { connect: { ca }, requestTls: { ca }, proxyTls: { ca } }),
  })
  return ((input: string, init: object) => undiciFetch(input, { ...init, dispatcher })) as unknown as Fetch
}

/** The built-in authorities and those that the environment names; undefined where it names none. */
function trustedAuthorities(certificate: string | undefined): string[] | undefined {
  const { REQUESTS_CA_BUNDLE, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS } = process.env
  const named = new Set([certificate, REQUESTS_CA_BUNDLE, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS])
  const extra: string[] = []
  for (const file of named) {
    if (!file) continue
    try {
      extra.push(readFileSync(file, 'utf8'))
    } catch {
      // A variable left over from another machine must not stop what needs no extra authority.
    }
  }
  return extra.length > 0 ? [...tls.rootCertificates, ...extra] : undefined
}
