/** The network as this machine's owner has set it up: proxies, and authorities that are trusted besides the built-in ones. */
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { isWebAddress } from './address.js'
import { FetchError, withoutCredentials } from './errors.js'
import type { Fetch } from './http.js'
import { type PipSettings, pipSettings } from './pip.js'

/** Milliseconds after which a silent connection is given up and tried again. */
const SILENCE = 60_000

export interface NetworkOptions {
  /** Milliseconds of silence after which a connection is given up; 0: the caller sees to it. */
  silence?: number
}

/**
 * Node 20's own fetch knows no proxy, so undici's is used with an agent that reads the environment and pip's settings.
 * It is loaded with the first request: its WebAssembly reserves 10 GiB of addresses, and not every limit leaves room.
 * @throws FetchError for a proxy that is no address
 */
export function networkFetch({ silence = SILENCE }: NetworkOptions = {}): Fetch {
  const pip = pipSettings()
  const ca = trustedAuthorities(pip.certificate)
  const options = {
    headersTimeout: silence,
    bodyTimeout: silence,
    ...proxies(pip),
    ...(ca && { connect: { ca }, requestTls: { ca }, proxyTls: { ca } }),
  }
  let ready: Promise<Fetch> | undefined
  return async (input, init) => {
    ready ??= import('undici').then(({ EnvHttpProxyAgent, fetch: undiciFetch }) => {
      const dispatcher = new EnvHttpProxyAgent(options)
      return ((address: string, given: object) => undiciFetch(address, { ...given, dispatcher })) as unknown as Fetch
    })
    return (await ready)(input, init)
  }
}

/** The proxies for http and https. What is absent here is absent in the environment too. */
function proxies({ proxy }: PipSettings): { httpProxy?: string; httpsProxy?: string } {
  const named = (...names: string[]): string | undefined => {
    const name = names.find((one) => process.env[one])
    return name && proxyAddress(name, process.env[name]!)
  }
  const httpProxy = proxy ? proxyAddress('PIP_PROXY (or proxy in pip.conf)', proxy) : named('http_proxy', 'HTTP_PROXY')
  const httpsProxy = proxy ? httpProxy : named('https_proxy', 'HTTPS_PROXY')
  return { ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }) }
}

/** As curl and pip read one: without a scheme it is an HTTP proxy, and a stray % stands for itself. */
function proxyAddress(setting: string, value: string): string {
  const escaped = value.replace(/%(?![0-9a-f]{2})/gi, '%25')
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(escaped) ? escaped : `http://${escaped}`
  if (isWebAddress(address) || /^socks5?:\/\/[^/]/i.test(address)) return address
  throw new FetchError('address', `${setting} names "${withoutCredentials(value)}", which is no address of a proxy`, {
    hint: `Correct it: http://[user:password@]HOST:PORT.`,
  })
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
