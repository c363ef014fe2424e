import { expect, test } from 'vitest'
import { FetchError } from './errors.js'
import { networkError } from './http.js'
import { serverTrouble } from './server-trouble.js'

const ways = { endpoint: 'HF_ENDPOINT', instead: 'a local directory' }

test.each([
  [408, true],
  [429, true],
  [500, true],
  [503, true],
  [529, true],
  [401, false],
  [403, false],
  [404, false],
  [410, false],
])('status %i speaks of the server: %s', (status, trouble) => {
  const error = new FetchError('status', `https://a.example/ answered status ${status}`, { status })
  const failure = serverTrouble('a/b', error, ways)
  if (!trouble) return expect(failure).toBeUndefined()
  expect(failure).toMatchObject({
    name: 'Failure',
    message: `a/b cannot be fetched now: https://a.example/ answered status ${status}`,
    hint: expect.stringMatching(/try again later .*HF_ENDPOINT$/),
  })
})

const unreachable = (code: string) =>
  networkError(
    'https://user:secret@a.example/?signature=1',
    new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
  )

test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'])(
  'a server that is out of reach (%s) fails the work',
  (code) => {
    expect(serverTrouble('a/b', unreachable(code), ways)).toMatchObject({
      name: 'Failure',
      message: `a/b cannot be fetched now: Cannot reach https://a.example/: ${code}`,
      hint: 'check the connection and try again later (what is already downloaded is kept), or name another server in HF_ENDPOINT, a proxy in HTTPS_PROXY, or a local directory',
    })
  },
)

test("a proxy's or a certificate's setting is the user's own", () => {
  for (const problem of ['proxy', 'certificate'] as const) {
    expect(serverTrouble('a/b', new FetchError(problem, 'no'), ways)).toBeUndefined()
  }
})
