import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeDirectory } from './make-directory.js'

const root = mkdtempSync(join(tmpdir(), 'make-directory-'))
afterAll(() => rmSync(root, { recursive: true }))

it('makes what is missing, and is content with what is there', () => {
  makeDirectory(join(root, 'a/b/c'))
  makeDirectory(join(root, 'a/b/c/'))
  makeDirectory(join(root, 'a/../d'))
  expect(['a/b/c', 'd'].map((name) => existsSync(join(root, name)))).toEqual([true, true])
  symlinkSync(join(root, 'd'), join(root, 'link'))
  makeDirectory(join(root, 'link/e'))
  expect(existsSync(join(root, 'd/e'))).toBe(true)
})

it('fails where a file is in the way', () => {
  writeFileSync(join(root, 'file'), '')
  expect(() => makeDirectory(join(root, 'file'))).toThrow('EEXIST')
  expect(() => makeDirectory(join(root, 'file/below'))).toThrow('ENOTDIR')
})

it.runIf(process.platform === 'linux')('fails below /proc, where Node itself never ends', () => {
  expect(() => makeDirectory('/proc/none/x')).toThrow('ENOENT')
})
