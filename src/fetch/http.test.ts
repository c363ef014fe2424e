import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { noise, type PackageIndex, startPackageIndex } from '../../test/package-index.js'
import { FetchError, withoutCredentials } from './errors.js'
import { createHttp, networkError } from './http.js'

let index: PackageIndex
let proxy: http.Server
let proxied: string[]
let verdict: number

beforeEach(async () => {
  index = await startPackageIndex(noise(100, 3))
  proxied = []
  verdict = 200
  proxy = http.createServer()
  proxy.on('connect', (request, socket) => {
    proxied.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim())
    if (verdict !== 200) return socket.end(`HTTP/1.1 ${verdict} No\r\nContent-Length: 0\r\n\r\n`)
    const [host, port] = request.url!.split(':')
    const upstream = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    for (const end of [upstream, socket]) end.on('error', () => {})
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  for (const name of ['PIP_PROXY', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']) vi.stubEnv(name, undefined)
  vi.stubEnv('PIP_CONFIG_FILE', os.devNull)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await index.close()
  proxy.closeAllConnections()
  await new Promise((resolve) => proxy.close(resolve))
})

const proxyUrl = (login = '') => `http://${login}127.0.0.1:${(proxy.address() as AddressInfo).port}`
const ask = () => createHttp({ attempts: 2, pause: 1 }).get(`${index.url}/small/`)
const failure = (work: Promise<unknown>): Promise<FetchError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: FetchError) => error,
  )

describe('the network as this machine is set up', () => {
  it.each(['HTTP_PROXY', 'PIP_PROXY'])('goes through the proxy in %s, with its login', async (name) => {
    vi.stubEnv(name, proxyUrl('me:secret@'))
    expect((await ask()).status).toBe(200)
    const login = Buffer.from('me:secret').toString('base64')
    expect(proxied).toEqual([`${new URL(index.url).host} Basic ${login}`])
  })

  it('goes past it where NO_PROXY says so', async () => {
    vi.stubEnv('HTTP_PROXY', proxyUrl())
    vi.stubEnv('NO_PROXY', '127.0.0.1')
    await ask()
    expect(proxied).toEqual([])
  })

  it.each([403, 407])('explains a proxy that answers %i', async (status) => {
    verdict = status
    vi.stubEnv('HTTP_PROXY', proxyUrl())
    const error = await failure(ask())
    expect(error.problem).toBe('proxy')
    expect(error.hint).toContain('HTTPS_PROXY')
  })

  it('sends the login of an address as a header, and shows it nowhere', async () => {
    const seen: (string | undefined)[] = []
    const fetch = (async (url: string, init: { headers: Record<string, string> }) => {
      seen.push(url, init.headers.authorization)
      return new Response(null, { status: 403 })
    }) as unknown as typeof globalThis.fetch
    const error = await failure(createHttp({ fetch }).get('https://me:p%40ss@index.example/simple/x/'))
    expect(seen).toEqual(['https://index.example/simple/x/', `Basic ${Buffer.from('me:p@ss').toString('base64')}`])
    expect(`${error.message} ${error.url}`).not.toContain('p%40ss')
  })

  it('gives a certificate problem its own name', () => {
    const cause = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    const error = networkError('https://index.example/', new TypeError('fetch failed', { cause }))
    expect(error.problem).toBe('certificate')
    expect(error.hint).toContain('PIP_CERT')
  })

  it('waits as long as a busy server asks, and no longer than its tries', async () => {
    index.failures = { count: 5, status: 429 }
    const error = await failure(ask())
    expect(error).toBeInstanceOf(FetchError)
    expect(error.status).toBe(429)
    expect(index.requests.length).toBe(2)
  })

  it('takes logins out of addresses', () => {
    expect(withoutCredentials('https://a:b@host/x')).toBe('https://host/x')
    expect(withoutCredentials('https://host/x@y')).toBe('https://host/x@y')
  })
})
