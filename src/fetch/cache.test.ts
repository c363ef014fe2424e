import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { bytesIn, cacheDirectory } from './cache.js'

test('cacheDirectory is what ISENTROPE_CACHE names, absolute, else a directory of its own', () => {
  expect(cacheDirectory({ ISENTROPE_CACHE: 'here' })).toBe(path.resolve('here'))
  expect(path.isAbsolute(cacheDirectory({}))).toBe(true)
  expect(cacheDirectory({})).toContain('isentrope')
})

test('bytesIn counts files at every depth', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'cache-test-'))
  try {
    await mkdir(path.join(directory, 'a', 'b'), { recursive: true })
    await writeFile(path.join(directory, 'x'), 'abc')
    await writeFile(path.join(directory, 'a', 'b', 'y'), 'defgh')
    expect(await bytesIn(directory)).toBe(3 + 5)
    expect(await bytesIn(path.join(directory, 'none'))).toBe(0)
  } finally {
    await rm(directory, { recursive: true })
  }
})
