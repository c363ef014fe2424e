import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hubFile } from './hub.js'

const commit = 'a'.repeat(40)
const path = 'main/train-00000-of-00001.parquet'
const content = Buffer.from('not a Parquet file, but this does not look into it')
const oid = createHash('sha256').update(content).digest('hex')

/** A hub with one data set of one file; `status` other than 200 answers everything with it. */
class FakeHub {
  status = 200
  size = content.length
  readonly requests: { method: string; url: string; token: string | undefined }[] = []
  readonly server: Server

  constructor() {
    this.server = createServer(async (request, response) => {
      const body = await text(request)
      const { method = '', url = '', headers } = request
      this.requests.push({ method, url, token: headers.authorization })
      if (this.status !== 200) {
        response.writeHead(this.status, { 'content-type': 'application/json' }).end('{"error":"no"}')
      } else if (method === 'POST' && url === '/api/datasets/openai/gsm8k/paths-info/main') {
        const { paths } = JSON.parse(body) as { paths: string[] }
        const info = {
          type: 'file',
          path,
          size: this.size,
          oid: 'git',
          lfs: { oid, size: this.size },
          lastCommit: { id: commit },
        }
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(paths.includes(path) ? [info] : []))
      } else if (method === 'GET' && url === `/datasets/openai/gsm8k/resolve/main/${path}`) {
        this.#sendFile(headers.range, response)
      } else {
        response.writeHead(404).end()
      }
    })
  }

  #sendFile(range: string | undefined, response: import('node:http').ServerResponse): void {
    const [, start = '0', end = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    const part = content.subarray(Number(start), end === '' ? undefined : Number(end) + 1)
    response
      .writeHead(range === undefined ? 200 : 206, {
        etag: `"${oid}"`,
        'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${content.length}`,
        'content-length': part.length,
      })
      .end(part)
  }
}

async function text(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

let hub: FakeHub
let cache: string
const file = { repository: 'openai/gsm8k', path, revision: 'main', fetch }
const folder = () => join(cache, 'datasets--openai--gsm8k')

beforeEach(async () => {
  hub = new FakeHub()
  await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve))
  cache = await mkdtemp(join(tmpdir(), 'isentrope-hub-'))
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(hub.server.address() as AddressInfo).port}/`)
  vi.stubEnv('HF_HUB_CACHE', cache)
  vi.stubEnv('HF_TOKEN', 'hf_secret')
  vi.stubEnv('HF_HUB_OFFLINE', '')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  hub.server.closeAllConnections()
  await new Promise((resolve) => hub.server.close(resolve))
  await rm(cache, { recursive: true, force: true })
})

describe('hubFile', () => {
  it('downloads into the layout that other tools share, with the token', async () => {
    const found = await hubFile(file)
    expect(found).toBe(join(folder(), 'snapshots', commit, path))
    expect(await readFile(found)).toEqual(content)
    expect(await readFile(join(folder(), 'blobs', oid))).toEqual(content)
    expect(await readFile(join(folder(), 'refs', 'main'), 'utf8')).toBe(commit)
    expect(hub.requests.every(({ token }) => token === 'Bearer hf_secret')).toBe(true)
  })

  it('does not download what is there', async () => {
    await hubFile(file)
    hub.requests.length = 0
    await hubFile(file)
    expect(hub.requests.map(({ method }) => method)).toEqual(['POST'])
  })

  it('asks nobody for a commit that is there', async () => {
    await hubFile(file)
    hub.requests.length = 0
    expect(await hubFile({ ...file, revision: commit })).toBe(join(folder(), 'snapshots', commit, path))
    expect(hub.requests).toEqual([])
  })

  it('serves from the cache where the hub cannot be reached, or is not to be asked', async () => {
    const found = await hubFile(file)
    const broken = () => Promise.reject(new TypeError('fetch failed'))
    expect(await hubFile({ ...file, fetch: broken })).toBe(found)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect(await hubFile({ ...file, fetch: broken })).toBe(found)
  })

  it('says what is missing where it cannot be had', async () => {
    const broken = () => Promise.reject(new TypeError('fetch failed'))
    await expect(hubFile({ ...file, fetch: broken })).rejects.toThrow(
      /data set openai\/gsm8k: .* could not be fetched: fetch failed/,
    )
    await expect(hubFile({ ...file, path: 'main/other.parquet' })).rejects.toThrow(/has no file main\/other.parquet/)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    await expect(hubFile(file)).rejects.toThrow(/is not in the cache/)
  })

  it.each([
    [401, /access denied \(status 401/],
    [403, /access denied \(status 403/],
    [404, /not found at revision main/],
  ])('explains status %d', async (status, message) => {
    hub.status = status
    await expect(hubFile(file)).rejects.toThrow(expect.objectContaining({ name: 'UserError' }))
    await expect(hubFile(file)).rejects.toThrow(message)
  })

  it('keeps nothing of a download that was cut short', async () => {
    hub.size = content.length + 1
    await expect(hubFile(file)).rejects.toThrow(/got 50 of 51 bytes/)
    hub.size = content.length
    expect(await readFile(await hubFile(file))).toEqual(content)
  })
})
