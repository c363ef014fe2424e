import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { usePipSettings } from '../../test/wheel-server.js'
import { FetchError, isTransient, withoutCredentials } from './errors.js'
import { bodyOf, createHttp, type Fetch, networkError } from './http.js'

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

describe('a body', () => {
  const limit = 1000
  const served = async (headers: http.OutgoingHttpHeaders, ...pieces: (string | Buffer)[]) => {
    const address = await listen(
      http.createServer((_request, response) => {
        response.writeHead(200, headers)
        for (const piece of pieces) response.write(piece)
        response.end()
      }),
    )
    const url = `http://${address}/page`
    return bodyOf(await createHttp().get(url), url, limit)
  }

  test('is whole up to the limit', async () => {
    usePipSettings({})
    expect((await served({}, 'a'.repeat(600), 'b'.repeat(400))).toString()).toBe('a'.repeat(600) + 'b'.repeat(400))
    expect(await served({ 'content-length': 0 })).toHaveLength(0)
  })

  test.each<[string, http.OutgoingHttpHeaders, (string | Buffer)[]]>([
    ['by a byte', {}, ['a'.repeat(600), 'b'.repeat(401)]],
    ['as it announces', { 'content-length': 1001 }, ['a'.repeat(1001)]],
    ['once it is unpacked', { 'content-encoding': 'gzip' }, [gzipSync(Buffer.alloc(2 ** 24))]],
  ])('that is longer is refused: %s', async (_, headers, pieces) => {
    usePipSettings({})
    await expect(served(headers, ...pieces)).rejects.toMatchObject({
      problem: 'too-long',
      message: expect.stringMatching(/page sends more than the 1000 bytes that it may have$/),
    })
  })
})

test.each(['index/simple', 'http://', 'http:///x', 'file:///x', 'http://host:99999/'])(
  'the address %s is an error, not a request',
  async (url) => {
    const { http, calls } = scripted(200)
    await expect(http.get(url)).rejects.toMatchObject({ problem: 'address', message: expect.stringContaining(url) })
    expect(calls()).toBe(0)
  },
)

test('a percent sign in a login that begins no escape stands for itself', async () => {
  const seen: (string | undefined)[] = []
  const address = await listen(
    http.createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    }),
  )
  usePipSettings({})
  await createHttp().get(`http://me:50%ab%zz@${address}/`)
  await createHttp().get(`http://me:p%40ss@${address}/`)
  expect(seen).toEqual(['me:50%ab%zz', 'me:p@ss'].map((login) => `Basic ${Buffer.from(login).toString('base64')}`))
})

describe('proxies', () => {
  test.each(['nonsense://x', 'http://', 'http://host:99999', 'http://[::1'])('%s is none', (value) => {
    for (const setting of ['HTTP_PROXY', 'HTTPS_PROXY', 'PIP_PROXY']) {
      usePipSettings({ [setting]: value })
      expect(() => createHttp()).toThrow(FetchError)
      expect(() => createHttp()).toThrow(`${setting}`)
      expect(() => createHttp()).toThrow('which is no address of a proxy')
    }
  })

  test('one without a scheme is an HTTP proxy, and a stray percent sign in its login stands for itself', async () => {
    const logins: (string | undefined)[] = []
    const proxy = http.createServer().on('connect', (request, socket) => {
      logins.push(request.headers['proxy-authorization'])
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    usePipSettings({ HTTP_PROXY: `me:50%@${await listen(proxy)}` })
    await expect(createHttp({ attempts: 1 }).get('http://index.example/')).rejects.toBeInstanceOf(FetchError)
    expect(logins).toEqual([`Basic ${Buffer.from('me:50%').toString('base64')}`])
  })

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
