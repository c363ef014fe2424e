/** What of a run's files cannot be written or read, in plain words. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Failure, UserError } from '../config/errors.js'
import { writeCheckpoint } from './checkpoint.js'
import { realDisk } from './disk.js'
import { readEnvironment } from './history.js'
import { readJsonLines } from './json-lines.js'
import { runPaths } from './run-directory.js'
import { lockRun } from './run-lock.js'

const root = mkdtempSync(join(tmpdir(), 'damage-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('a run directory', () => {
  it('that takes no lock is the user’s to change', () => {
    expect(() => lockRun(join(root, 'none'))).toThrow(UserError)
    expect(() => lockRun(join(root, 'none'))).toThrow(/none: not writable \(ENOENT\)/)
  })

  it('that is full while another hand saves the model says so', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const content = { loop: { step: 3 }, metric: 'reward_mean', save: () => Promise.reject(full) }
    const saved = writeCheckpoint(realDisk, runPaths(join(root, 'full')), content)
    await expect(saved).rejects.toThrow(Failure)
    await expect(saved).rejects.toThrow(/step-000003: no space left on the disk/)
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
