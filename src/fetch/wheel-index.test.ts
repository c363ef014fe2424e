import { afterEach, describe, expect, test, vi } from 'vitest'
import { usePipSettings } from '../../test/wheel-server.js'
import { createHttp, type Fetch } from './http.js'
import { findWheel, parseSimpleHtml } from './wheel-index.js'

const sha256 = 'a'.repeat(64)
const wheel = { package: 'pkg:pypi/sample@1.0', filename: 'sample-1.0-py3-none-any.whl', sha256 }

/** An internet of these pages; what was asked is kept. */
function internet(pages: Record<string, object | string>) {
  const asked: { url: string; authorization?: string }[] = []
  const fetch = (async (url: string, init: { headers: Record<string, string> }) => {
    asked.push({ url, authorization: init.headers.authorization })
    const page = pages[url]
    if (page === undefined) return new Response('', { status: 404 })
    const type = typeof page === 'string' ? 'text/html' : 'application/vnd.pypi.simple.v1+json'
    const body = typeof page === 'string' ? page : JSON.stringify(page)
    return new Response(body, { headers: { 'content-type': type } })
  }) as unknown as Fetch
  return { asked, http: createHttp({ fetch, pause: 1 }) }
}

const listing = (url: string, hash = sha256) => ({
  files: [
    { filename: 'sample-0.9-py3-none-any.whl', url: 'old' },
    { filename: wheel.filename, url, hashes: { sha256: hash } },
  ],
})

afterEach(() => vi.unstubAllEnvs())

describe('findWheel', () => {
  test("asks pip's index; file addresses may be relative", async () => {
    usePipSettings({ PIP_INDEX_URL: 'https://mirror.example/root/simple/' })
    const { http, asked } = internet({ 'https://mirror.example/root/simple/sample/': listing('../../files/s.whl') })
    expect(await findWheel(wheel, http)).toBe('https://mirror.example/root/files/s.whl')
    expect(asked).toHaveLength(1)
  })

  test('without a setting asks the public index, before the extra ones', async () => {
    usePipSettings({ PIP_EXTRA_INDEX_URL: 'https://extra.example/simple' })
    const { http, asked } = internet({ 'https://extra.example/simple/sample/': listing('https://files.example/s.whl') })
    expect(await findWheel(wheel, http)).toBe('https://files.example/s.whl')
    expect(asked).toHaveLength(2)
    expect(asked[0].url).toMatch(/^https:\/\/[^/]+\/simple\/sample\/$/)
    expect(asked[1].url).toBe('https://extra.example/simple/sample/')
  })

  test("the index's login goes along to its own host only, in a header", async () => {
    usePipSettings({ PIP_INDEX_URL: 'https://me:p%40ss@mirror.example/simple' })
    const pages = { 'https://mirror.example/simple/sample/': listing('/files/s.whl') }
    const own = internet(pages)
    const url = await findWheel(wheel, own.http)
    expect(own.asked[0].authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
    expect(new URL(url)).toMatchObject({ host: 'mirror.example', username: 'me', password: 'p%40ss' })
    const foreign = internet({ 'https://mirror.example/simple/sample/': listing('https://files.example/s.whl') })
    expect(await findWheel(wheel, foreign.http)).toBe('https://files.example/s.whl')
  })

  test('the login stays with the scheme and the port too', async () => {
    usePipSettings({ PIP_INDEX_URL: 'https://me:secret@mirror.example/simple' })
    for (const url of ['http://mirror.example/s.whl', 'https://mirror.example:8443/s.whl']) {
      const { http } = internet({ 'https://mirror.example/simple/sample/': listing(url) })
      expect(await findWheel(wheel, http)).toBe(url)
    }
  })

  test.each<[string, object]>([
    ['no list', {}],
    ['null', { files: null }],
    ['a file without an address', { files: [{ filename: 'a' }] }],
    ['a file without a name', { files: [{ url: 'a' }] }],
    ['an address that is none', { files: [{ filename: 'a', url: 'http://[' }] }],
  ])('a page of JSON with %s is no page of an index', async (_, page) => {
    usePipSettings({ PIP_INDEX_URL: 'https://mirror.example/simple' })
    const { http } = internet({ 'https://mirror.example/simple/sample/': page })
    await expect(findWheel(wheel, http)).rejects.toMatchObject({
      problem: 'answer',
      hint: expect.stringMatching(/PIP_INDEX_URL/),
    })
  })

  test('no message shows a login', async () => {
    usePipSettings({ PIP_INDEX_URL: 'https://me:secret@mirror.example/simple' })
    const pagesOfServers: Record<string, object>[] = [
      {},
      { 'https://mirror.example/simple/sample/': listing('s.whl', 'b'.repeat(64)) },
    ]
    for (const pages of pagesOfServers) {
      const error = await findWheel(wheel, internet(pages).http).catch((error: unknown) => error)
      expect(error).toMatchObject({ url: 'https://mirror.example/simple/sample/' })
      expect(JSON.stringify(error) + String(error)).not.toContain('secret')
    }
  })

  test('indexes that do not have it are all named', async () => {
    usePipSettings({ PIP_INDEX_URL: 'https://a.example/simple', PIP_EXTRA_INDEX_URL: 'https://b.example/simple' })
    await expect(
      findWheel(wheel, internet({ 'https://a.example/simple/sample/': { files: [] } }).http),
    ).rejects.toMatchObject({
      problem: 'not-found',
      message: expect.stringMatching(/a\.example.*b\.example/),
    })
  })

  test('no-index is obeyed', async () => {
    usePipSettings({ PIP_NO_INDEX: '1' })
    const { http, asked } = internet({})
    await expect(findWheel(wheel, http)).rejects.toMatchObject({ problem: 'offline' })
    expect(asked).toEqual([])
  })

  test.each(['mirror', 'file:///srv/simple', 'https://'])('an index address that is none: %s', async (address) => {
    usePipSettings({ PIP_INDEX_URL: address })
    await expect(findWheel(wheel, internet({}).http)).rejects.toMatchObject({
      problem: 'not-found',
      hint: expect.stringContaining('PIP_INDEX_URL'),
    })
  })
})

test('parseSimpleHtml reads anchors with their hashes', () => {
  const html = `<!DOCTYPE html><body><h1>Links for sample</h1>
    <a href="https://f.example/a-1.whl?x=1&amp;y=2#sha256=${sha256}" data-requires-python="&gt;=3.8">a-1.whl</a><br>
    <A class="x" HREF='../b-1.tar.gz'> b-1.tar.gz </A></body>`
  expect(parseSimpleHtml(html, 'https://m.example/simple/sample/')).toEqual([
    { filename: 'a-1.whl', url: 'https://f.example/a-1.whl?x=1&y=2', sha256 },
    { filename: 'b-1.tar.gz', url: 'https://m.example/simple/b-1.tar.gz', sha256: undefined },
  ])
})

test('parseSimpleHtml passes over anchors that are none, and over millions that never end', () => {
  const base = 'https://m.example/simple/sample/'
  expect(parseSimpleHtml('<a name="x">y</a><a data-href="b">b</a><a href="http://[">c</a>', base)).toEqual([])
  for (const part of ['<a ', '<a href="', '<a href= ', "<a href='x' ", '<a href="x">']) {
    expect(parseSimpleHtml(part.repeat(1e6), base)).toEqual([])
  }
})
