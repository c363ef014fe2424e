import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import { version } from '../config/version.js'
import { checkEngine, doctorCommand, type EngineCheck } from './doctor.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'doctor-'))
  vi.stubEnv('ISENTROPE_CACHE', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

const engine = { version: '2.15.0', path: '/x/lib', devices: ['cpu'], threads: 2, source: 'cache', gflops: 150 }
const run = (check: EngineCheck, ...argv: string[]) => runCommand((io) => doctorCommand(io, check), ['doctor', ...argv])

describe('doctor', () => {
  it('prints one line of JSON', async () => {
    const { code, out } = await run(async () => ({ engine, problems: [], notes: ['n'] }), '--json')
    expect(JSON.parse(out)).toEqual({ version, engine, cache: home, problems: [], notes: ['n'] })
    expect(code).toBe(0)
  })

  it('shows people the same, with the problems', async () => {
    const { code, out } = await run(async () => ({ engine, problems: ['cuda:0 does not work'], notes: ['an old one'] }))
    for (const text of [
      '2.15.0 (cache) in /x/lib',
      '150 GFLOP/s',
      home,
      'note: an old one',
      'problem: cuda:0 does not',
    ])
      expect(out).toContain(text)
    expect(out).not.toContain('Everything is there')
    expect(code).toBe(1)
  })

  it('lists a broken setting as a problem instead of failing', async () => {
    vi.stubEnv('ISENTROPE_TORCH', path.join(home, 'nothing'))
    const { code, out } = await run(checkEngine, '--json')
    const report = JSON.parse(out)
    expect(report.engine).toBeNull()
    expect(report.problems).toEqual([expect.stringContaining(`No LibTorch in ${path.join(home, 'nothing')}`)])
    expect(code).toBe(1)
  })

  it('lists a missing engine as a problem where the network is off', async () => {
    vi.stubEnv('ISENTROPE_TORCH', 'pinned')
    vi.stubEnv('ISENTROPE_OFFLINE', '1')
    const { engine: found, problems } = await checkEngine(fakeIo().stderr)
    expect(found).toBeNull()
    expect(problems).toEqual([expect.stringContaining('is not in the cache')])
  })
})
