/** A hub, or what stands in its place, that sends something else than the protocol says. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../../base/errors.js'
import { hubClient } from './client.js'
import { resolveHubModel } from './hub.js'

const commit = 'a'.repeat(40)
const repository = { type: 'dataset', name: 'someone/set' } as const
const MiB = 2 ** 20

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const servers: Server[] = []
let cache: string

async function serve(answer: Answer): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'isentrope-client-'))
  vi.stubEnv('HF_HUB_CACHE', cache)
  vi.stubEnv('HF_HOME', cache)
  for (const name of ['HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HUB_OFFLINE', 'ISENTROPE_OFFLINE']) vi.stubEnv(name, undefined)
})
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true })
})

const json = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
const file = (path: string, size = 2) => ({ type: 'file', path, size, oid: 'b'.repeat(40) })

/** Sends zeros until nobody listens, and counts them. */
function endless(response: ServerResponse, sent: { bytes: number }, status = 200): void {
  const piece = Buffer.alloc(MiB / 4)
  response.writeHead(status)
  const more = () => {
    while (!response.destroyed) {
      sent.bytes += piece.length
      if (!response.write(piece)) return void response.once('drain', more)
    }
  }
  more()
}

describe('a body that is longer than the hub announced', () => {
  /** A model whose listing is honest, but for what comes of `name`. */
  const modelHub = (name: string, listed: object, deliver: Answer) =>
    serve((request, response) => {
      const url = request.url!.split('?')[0]
      if (url.includes('/revision/')) return json(response, { sha: commit })
      if (url.includes('/tree/')) return json(response, [{ ...file(name), ...listed }])
      return deliver(request, response)
    })
  const fetched = () => resolveHubModel({ name: 'someone/model', revision: 'main' }, {})

  it('is cut off, of a small file', async () => {
    const sent = { bytes: 0 }
    vi.stubEnv('HF_ENDPOINT', await modelHub('config.json', { size: 10 }, (_, response) => endless(response, sent)))
    await expect(fetched()).rejects.toThrow(/config\.json sends more than the 10 bytes that it may have/)
    await expect(fetched()).rejects.toBeInstanceOf(UserError)
    // What lay in the sockets' buffers.
    expect(sent.bytes).toBeLessThan(32 * MiB)
    expect(readdirSync(join(cache, 'models--someone--model', 'snapshots', commit))).toEqual([])
  })

  it('is cut off, of a large file and from a server without ranges', async () => {
    const sent = { bytes: 0 }
    const lfs = { oid: createHash('sha256').update('x').digest('hex'), size: 5, pointerSize: 1 }
    vi.stubEnv(
      'HF_ENDPOINT',
      await modelHub('tokenizer.json', { size: 5, lfs }, (_, response) => endless(response, sent)),
    )
    // A model needs a config.json, so the adapter's file stands for it here.
    await expect(fetched()).rejects.toThrow(/has no config\.json/)
    vi.stubEnv('HF_ENDPOINT', await modelHub('config.json', { size: 5, lfs }, (_, response) => endless(response, sent)))
    await expect(fetched()).rejects.toThrow(/config\.json sends more than the 5 bytes that it may have/)
    expect(sent.bytes).toBeLessThan(32 * MiB)
  })

  it('is not asked for, of a small file that is announced with gigabytes', async () => {
    const asked: string[] = []
    const deliver: Answer = (request, response) => {
      asked.push(request.url!)
      response.end()
    }
    vi.stubEnv('HF_ENDPOINT', await modelHub('config.json', { size: 2 ** 40 }, deliver))
    await expect(fetched()).rejects.toThrow(/lists config\.json with 1099511627776 bytes, more than the 268435456/)
    expect(asked).toEqual([])
  })

  it('is cut off, of an answer to a question', async () => {
    const sent = { bytes: 0 }
    vi.stubEnv('HF_ENDPOINT', await serve((_, response) => endless(response, sent)))
    await expect(hubClient().commitOf(repository, 'main')).rejects.toMatchObject({ problem: 'too-long' })
    expect(sent.bytes).toBeLessThan(96 * MiB)
  })
})

describe('a listing', () => {
  const pages = async (
    next: (page: number, url: string) => string | undefined,
    entry = (page: number) => file(`${page}`),
  ) => {
    let count = 0
    const url = await serve((_, response) => {
      const page = count++
      const link = next(page, url)
      json(response, [entry(page)], link ? { link: `<${link}>; rel="next"` } : {})
    })
    vi.stubEnv('HF_ENDPOINT', url)
    return { count: () => count }
  }

  it('comes by the page', async () => {
    await pages((page, url) => (page < 3 ? `${url}/next?cursor=${page}` : undefined))
    expect([...(await hubClient().list(repository, commit)).keys()]).toEqual(['0', '1', '2', '3'])
  })

  it('that leads back to a page of before is an error', async () => {
    const { count } = await pages((page, url) => `${url}/next?cursor=${page % 3}`)
    await expect(hubClient().list(repository, commit)).rejects.toThrow(/a list of files without end \(4 pages/)
    expect(count()).toBe(4)
  })

  it('that has ever more pages is an error', async () => {
    const { count } = await pages(
      (page, url) => `${url}/next?cursor=${page}`,
      () => file('the same'),
    )
    await expect(hubClient().list(repository, commit)).rejects.toMatchObject({ problem: 'answer' })
    expect(count()).toBe(2000)
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['an object', { error: 'no' }],
    ['a number', 3],
    ['null entries', [null]],
    ['nameless files', [{ type: 'file', size: 3 }]],
    ['files without a size', [{ type: 'file', path: 'a' }]],
    ['files of less than nothing', [file('a', -1)]],
    ['files of half a byte', [file('a', 1.5)]],
  ])('of %s is an error that says what may stand there', async (_, value) => {
    vi.stubEnv('HF_ENDPOINT', await serve((_, response) => json(response, value)))
    await expect(hubClient().list(repository, commit)).rejects.toMatchObject({
      problem: 'answer',
      hint: expect.stringMatching(/HF_ENDPOINT/),
    })
  })
})

describe('an answer that is none of a hub', () => {
  it.each([
    ['a web page', '<html>Please sign in</html>', /answers with no JSON: <html>Please sign in/],
    ['nested without end', '['.repeat(1e5) + ']'.repeat(1e5), /answers with no JSON/],
    ['null', 'null', /answers with no description of someone\/set/],
    ['no commit', '{"sha": 3}', /the hub answered 3 where the commit of someone\/set stands/],
  ])('%s', async (_, body, message) => {
    vi.stubEnv('HF_ENDPOINT', await serve((_, response) => response.end(body)))
    await expect(hubClient().commitOf(repository, 'main')).rejects.toThrow(message)
  })
})

describe("the hub's token", () => {
  it('goes to the hub alone, wherever a listing or a redirect leads', async () => {
    const seen = { own: [] as unknown[], other: [] as unknown[] }
    const other = await serve((request, response) => {
      seen.other.push(request.headers.authorization)
      json(response, [file('elsewhere')])
    })
    const own = await serve((request, response) => {
      seen.own.push(request.headers.authorization)
      if (request.url!.startsWith('/moved')) return response.writeHead(302, { location: `${other}/file` }).end()
      return json(response, [file('here')], { link: `<${other}/next>; rel="next"` })
    })
    vi.stubEnv('HF_ENDPOINT', own)
    const hub = hubClient({ token: 'secret' })
    expect([...(await hub.list(repository, commit)).keys()]).toEqual(['here', 'elsewhere'])
    await (await hub.http.get(`${own}/moved`)).text()
    expect(seen).toEqual({ own: ['Bearer secret', 'Bearer secret'], other: [undefined, undefined] })
  })
})

describe('an HF_ENDPOINT that is no address', () => {
  it.each(['nonsense', 'http://', 'https:///api', 'file:///srv/hub', 'http://host:99999', 'http://[::1', 'ftp://hub'])(
    '%s',
    async (endpoint) => {
      vi.stubEnv('HF_ENDPOINT', endpoint)
      const model = resolveHubModel({ name: 'someone/model', revision: 'main' }, {})
      await expect(model).rejects.toMatchObject({ hint: 'Correct it: https://HOST.' })
      await expect(model).rejects.toThrow(/HF_ENDPOINT names ".*", which is no web address/)
      await expect(model).rejects.toBeInstanceOf(UserError)
    },
  )
})
