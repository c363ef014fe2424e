import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import { version } from '../base/package.js'
import { type AcceleratorTrials, checkAccelerator } from './accelerator-check.js'
import { checkEngine, describeEngine, doctorCommand, type EngineCheck } from './doctor.js'

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
      'note:      an old one',
      'problem:   cuda:0 does not',
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

  const unwrapped = (text: string) => text.replaceAll(/\s+/g, ' ')
  const trials = (largestFlash: number): AcceleratorTrials => ({
    chooseAttention: ({ config: { headDim }, device, dtype }) => {
      expect([device, dtype]).toEqual([{ type: 'cuda', index: 0 }, 'bfloat16'])
      return headDim <= largestFlash
        ? { kind: 'varlen', reason: 'agrees with the padded one on cuda:0' }
        : { kind: 'padded', reason: 'flash attention of variable lengths is wrong on cuda:0: r' }
    },
    transfersText: () => 'pinned (what is sent ahead arrives on cuda:0)',
  })
  const probe = { ...engine, devices: ['cpu', 'cuda:0'], problems: [] }
  const install = { version: '2.11.0+cu130', source: 'setting', lacksDriver: false } as const
  const onCuda = (largestFlash: number) => async () =>
    describeEngine(install, probe, (index) => checkAccelerator(index, trials(largestFlash)))

  it('tells where CUDA works which attention training would take, and how transfers go', async () => {
    const { out } = await run(onCuda(64), '--json')
    expect(JSON.parse(out).engine.accelerator).toEqual({
      device: 'cuda:0',
      dtype: 'bfloat16',
      attention: [
        { headDim: 64, kind: 'varlen', reason: 'agrees with the padded one on cuda:0' },
        { headDim: 128, kind: 'padded', reason: 'flash attention of variable lengths is wrong on cuda:0: r' },
      ],
      transfers: 'pinned (what is sent ahead arrives on cuda:0)',
    })
    expect(unwrapped((await run(onCuda(64))).out)).toContain(
      'attention cuda:0, bfloat16, heads of 64 dimensions: variable-length flash attention (agrees with the padded one ' +
        'on cuda:0) cuda:0, bfloat16, heads of 128 dimensions: padded (flash attention of variable lengths is wrong on ' +
        'cuda:0: r) transfers cuda:0: pinned (what is sent ahead arrives on cuda:0) cache',
    )
    expect(unwrapped((await run(onCuda(128))).out)).toContain('heads of 64 and 128 dimensions: variable-length flash')
  })

  it('tries no accelerator where there is none', async () => {
    const none = () => {
      throw new Error('tried')
    }
    const { engine: found, notes } = describeEngine(install, { ...probe, devices: ['cpu', 'mps'] }, none)
    expect([found.accelerator, notes]).toEqual([undefined, []])
  })

  it('notes a CUDA build without a driver, which is no problem', async () => {
    const { code, out } = await run(async () =>
      describeEngine({ ...install, lacksDriver: true }, { ...probe, devices: ['cpu'] }),
    )
    expect(unwrapped(out)).toContain(
      'note: LibTorch 2.11.0+cu130 is a CUDA build, and no NVIDIA driver was found here: it computes on the CPU',
    )
    expect(out).toContain('Everything is there.')
    expect(code).toBe(0)
  })
})
