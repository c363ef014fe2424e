import { expect, test } from 'vitest'
import { FetchError } from '../fetch/errors.js'
import { serverTrouble } from './server-trouble.js'

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
  const failure = serverTrouble('a/b', error, 'HF_ENDPOINT')
  if (!trouble) return expect(failure).toBeUndefined()
  expect(failure).toMatchObject({
    name: 'Failure',
    message: `a/b cannot be fetched now: https://a.example/ answered status ${status}`,
    hint: expect.stringMatching(/try again later .*HF_ENDPOINT$/),
  })
})
