/** What of a run's files cannot be written or read, in plain words. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Failure, UserError } from '../../base/errors.js'
import { writeCheckpoint } from './checkpoint.js'
import { realDisk, replaceFile } from './disk.js'
import { readEnvironment } from './history.js'
import { readJsonLines } from './json-lines.js'
import { runPaths } from './run-directory.js'
import { lockRun } from './run-lock.js'

const root = mkdtempSync(join(tmpdir(), 'damage-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('a run directory', () => {
  it('that takes no lock is the user’s to change', () => {
    expect(() => lockRun(join(root, 'none'))).toThrow(UserError)
    expect(() => lockRun(join(root, 'none'))).toThrow(
      /none: not writable: no such directory, or none that can be made \(ENOENT\)/,
    )
  })

  it('that is full while another hand saves the model says so', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const content = { loop: { step: 3 }, metric: 'reward_mean', save: () => Promise.reject(full) }
    const saved = writeCheckpoint(realDisk, runPaths(join(root, 'full')), content)
    await expect(saved).rejects.toThrow(Failure)
    await expect(saved).rejects.toThrow(/step-000003: no space left on the disk/)
  })

  it('keeps nothing of a file that could not be written, and names it as it would be called', () => {
    const aside = join(root, '.page.html.partial')
    // The file is opened before its content turns out to be none.
    expect(() => realDisk.write(aside, 7 as never)).toThrow(TypeError)
    expect(existsSync(aside)).toBe(false)
    expect(() => replaceFile(realDisk, join(root, 'none/page.html'), '')).toThrow(
      `${join(root, 'none/page.html')}: not writable`,
    )
    const directory = join(root, 'a')
    mkdirSync(directory)
    expect(() => replaceFile(realDisk, directory, '')).toThrow(`${directory}: not writable: it is a directory`)
    expect(() => realDisk.write(directory, '')).toThrow(`${directory}: not writable: it is a directory (EISDIR)`)
    writeFileSync(join(root, 'file'), '')
    expect(() => realDisk.makeDirectory(join(root, 'file'))).toThrow('file: not writable: it is a file')
    expect(readdirSync(root).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('is written aside under its own name, also where it is given without a directory', () => {
    const verbs: string[] = []
    const disk = { ...realDisk, write: (path: string) => verbs.push(path), rename: (from: string) => verbs.push(from) }
    replaceFile(disk, 'a', '')
    expect(verbs).toEqual(['.a.partial', '.a.partial'])
  })

  it('with a damaged file names it', () => {
    const paths = runPaths(join(root, 'damaged'))
    mkdirSync(paths.directory)
    writeFileSync(paths.environment, '{')
    expect(() => readEnvironment(paths)).toThrow(UserError)
    expect(() => readEnvironment(paths)).toThrow(`${paths.environment}: not JSON`)
    writeFileSync(paths.metrics, '{"step": 1}\n{xxx\n')
    expect(() => readJsonLines(paths.metrics)).toThrow(UserError)
    expect(() => readJsonLines(paths.metrics)).toThrow(`${paths.metrics}:2: not a JSON object`)
  })
})
