import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { defaultRunDirectory, latestRunDirectory, requireFresh, stepName, stepOf } from './run-directory.js'

const root = mkdtempSync(join(tmpdir(), 'runs-'))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function makeRun(name: string): void {
  mkdirSync(join(root, name), { recursive: true })
  writeFileSync(join(root, name, 'config.yaml'), '')
}

describe('names of steps', () => {
  it('sort as numbers do, and are read back', () => {
    expect(stepName(20)).toBe('step-000020')
    expect([stepOf('step-000020'), stepOf('step-1234567'), stepOf('step-000003.parquet', '.parquet')]).toEqual([
      20, 1234567, 3,
    ])
    for (const name of ['step-20', '.step-000020.partial', 'step-000020.parquet', 'best']) {
      expect(stepOf(name)).toBeUndefined()
    }
  })
})

describe('the default directory', () => {
  it('carries name and time, and never one that is taken', () => {
    const time = new Date('2026-02-03T04:05:06.789Z')
    expect(defaultRunDirectory('tiny', time, root)).toBe(join(root, 'tiny-20260203-040506'))
    makeRun('tiny-20260203-040506')
    expect(defaultRunDirectory('tiny', time, root)).toBe(join(root, 'tiny-20260203-040506-2'))
  })

  it('is found again: the newest of that very name', () => {
    expect(latestRunDirectory('tiny', root)).toBeUndefined()
    makeRun('tiny-20260203-040506')
    makeRun('tiny-20260203-040507')
    makeRun('tiny-clip-b-20270101-000000')
    makeRun('tiny-notes')
    mkdirSync(join(root, 'tiny-20280101-000000'))
    expect(latestRunDirectory('tiny', root)).toBe(join(root, 'tiny-20260203-040507'))
  })

  it('may exist where it is empty but for hidden files', () => {
    mkdirSync(join(root, 'empty'), { recursive: true })
    writeFileSync(join(root, 'empty', '.lock'), '')
    expect(() => requireFresh(join(root, 'empty'))).not.toThrow()
  })
})
