import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { usePipSettings } from '../../test/wheel-server.js'
import { FetchError, isTransient, withoutCredentials } from './errors.js'
import { createHttp, type Fetch, networkError } from './http.js'

const servers: http.Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  vi.unstubAllEnvs()
})

async function listen(server: http.Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A fetch that answers with these statuses, or throws these errors, one after the other. */
function scripted(...answers: (number | Error)[]) {
  let calls = 0
  const fetch = (async () => {
    const answer = answers[calls++]
    if (answer instanceof Error) throw answer
    return new Response('', { status: answer })
  }) as unknown as Fetch
  return { http: createHttp({ fetch, pause: 1, attempts: 3 }), calls: () => calls }
}

const failed = (code: string, message = code) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) })

describe('get', () => {
  test('tries transient failures again, and gives up after so many', async () => {
    const recovering = scripted(503, failed('ECONNRESET'), 200)
    expect((await recovering.http.get('https://a.example/')).status).toBe(200)
    const hopeless = scripted(500, 502, 504, 200)
    await expect(hopeless.http.get('https://a.example/x')).rejects.toMatchObject({
      status: 504,
      url: 'https://a.example/x',
    })
    expect(hopeless.calls()).toBe(3)
  })

  test.each([
    [401, 'status'],
    [403, 'status'],
    [404, 'not-found'],
    [407, 'proxy'],
    [410, 'status'],
  ])('status %i is final', async (status, problem) => {
    const { http, calls } = scripted(status, 200)
    await expect(http.get('https://a.example/')).rejects.toMatchObject({
      status,
      problem,
      hint: expect.stringMatching(/\S/),
    })
    expect(calls()).toBe(1)
  })

  test('a certificate that is not trusted is final, and the hint names the settings', async () => {
    const { http, calls } = scripted(
      failed('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
      200,
    )
    await expect(http.get('https://a.example/')).rejects.toMatchObject({
      problem: 'certificate',
      hint: expect.stringMatching(/PIP_CERT.*SSL_CERT_FILE.*NODE_EXTRA_CA_CERTS/),
    })
    expect(calls()).toBe(1)
  })
})

describe('proxies', () => {
  test('one that asks for a login', async () => {
    const proxy = http.createServer().on('connect', (_request, socket) => {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    })
    usePipSettings({ HTTPS_PROXY: `http://${await listen(proxy)}` })
    await expect(createHttp({ pause: 1 }).get('https://index.example/simple/')).rejects.toMatchObject({
      problem: 'proxy',
      url: 'https://index.example/simple/',
      hint: expect.stringContaining('HTTPS_PROXY'),
    })
  })

  test('one that lets through, with its login', async () => {
    const address = await listen(http.createServer((_request, response) => response.end('page')))
    const logins: (string | undefined)[] = []
    const proxy = http.createServer().on('connect', (request, socket) => {
      logins.push(request.headers['proxy-authorization'])
      const [host, port] = request.url!.split(':')
      const upstream = net.connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      for (const end of [upstream, socket]) end.on('error', () => {})
    })
    usePipSettings({ HTTP_PROXY: `http://me:secret@${await listen(proxy)}` })
    expect(await (await createHttp().get(`http://${address}/`)).text()).toBe('page')
    expect(logins).toEqual([`Basic ${Buffer.from('me:secret').toString('base64')}`])
  })

  test("the environment's and pip's are gone through, NO_PROXY is not", async () => {
    const seen: (string | undefined)[] = []
    const address = await listen(http.createServer((_request, response) => response.end('page')))
    const proxy = http.createServer().on('connect', (request, socket) => {
      seen.push(request.url)
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    const proxyUrl = `http://${await listen(proxy)}`
    for (const name of ['HTTP_PROXY', 'PIP_PROXY']) {
      usePipSettings({ [name]: proxyUrl })
      await expect(createHttp({ pause: 1, attempts: 1 }).get(`http://${address}/`)).rejects.toBeInstanceOf(FetchError)
      expect(seen.splice(0)).toEqual([address])
    }
    usePipSettings({ HTTP_PROXY: proxyUrl, NO_PROXY: '127.0.0.1' })
    expect(await (await createHttp().get(`http://${address}/`)).text()).toBe('page')
    expect(seen).toEqual([])
  })
})

test('networkError finds the cause, and keeps logins out', () => {
  const error = networkError('https://me:secret@a.example/x', failed('ENOTFOUND', 'getaddrinfo ENOTFOUND a.example'))
  expect(error).toMatchObject({ problem: 'unreachable', url: 'https://a.example/x' })
  expect(error.message).toContain('getaddrinfo ENOTFOUND a.example')
  expect(isTransient(error)).toBe(true)
  expect(error.message).not.toContain('secret')
})

test('withoutCredentials', () => {
  expect(withoutCredentials('https://u:p@h.example/a@b?c=@')).toBe('https://h.example/a@b')
  expect(withoutCredentials('https://h.example/a@b')).toBe('https://h.example/a@b')
})
