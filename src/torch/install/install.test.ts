import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Failure, UserError } from '../../base/errors.js'
import { describePassedOver, provisionTorch } from './index.js'
import { librariesIn } from './libraries.js'
import { type LocateOptions, locateTorch } from './locate.js'
import { atLeast, type Machine, pinnedWheels } from './platform.js'
import { TORCH_VERSION, TORCH_WHEELS } from './table.js'
import { knownLoadProblem, loadProblem } from './trial.js'

// The pauses between two tries are tested with the client; here they take no time.
vi.mock('node:timers/promises', async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }))

let home: string
beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'torch-')))
  vi.stubEnv('ISENTROPE_CACHE', path.join(home, 'cache'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

const names = {
  linux: ['libc10.so', 'libtorch_cpu.so', 'libtorch_cuda.so', 'libgomp.so.1'],
  darwin: ['libc10.dylib', 'libtorch_cpu.dylib', 'libomp.dylib'],
  win32: ['c10.dll', 'torch_cpu.dll', 'libiomp5md.dll', 'uv.dll'],
}
const here = process.platform as keyof typeof names

/** A site-packages directory with a torch in it whose libraries are empty files. */
function fakeTorch(sitePackages: string, version: string, platform: keyof typeof names = here): string {
  const libDir = path.join(home, sitePackages, 'torch', 'lib')
  mkdirSync(libDir, { recursive: true })
  writeFileSync(path.join(libDir, '..', 'version.py'), `from typing import Optional\n__version__ = '${version}'\n`)
  for (const name of names[platform]) writeFileSync(path.join(libDir, name), '')
  return libDir
}

const sitePackagesOf = (prefix: string) =>
  here === 'win32' ? `${prefix}/Lib/site-packages` : `${prefix}/lib/python3.12/site-packages`
const locate = (env: NodeJS.ProcessEnv, options: LocateOptions = {}) =>
  locateTorch({ env: { PATH: '', ...env }, loadProblem: async () => undefined, ...options })

describe("finding a user's own LibTorch", () => {
  it.each(['', 'torch', 'torch/lib'])('takes a site-packages directory%s, as named', async (inside) => {
    const libDir = fakeTorch('site', '2.11.0+cu130')
    const setting = path.join(home, 'site', inside)
    for (const found of [locate({ ISENTROPE_TORCH: setting }), locate({}, { path: setting })])
      expect((await found).install).toMatchObject({ version: '2.11.0+cu130', libDir, source: 'setting' })
  })

  it('names what will not do where it was named', async () => {
    const libDir = fakeTorch('site', '2.10.1')
    const old = await locate({ ISENTROPE_TORCH: path.join(home, 'site') }).catch((error: UserError) => error)
    expect(old).toBeInstanceOf(UserError)
    expect((old as UserError).message).toBe(`LibTorch 2.10.1 in ${libDir} is not supported: 2.11 or later is needed`)
    const none = await locate({ ISENTROPE_TORCH: home }).catch((error: UserError) => error)
    expect((none as UserError).message).toBe(`No LibTorch in ${home}`)
  })

  it('prefers what is named, then the virtual environment, then conda', async () => {
    const [named, venv, conda] = ['named', sitePackagesOf('venv'), sitePackagesOf('conda')].map((site) =>
      fakeTorch(site, '2.12.0'),
    )
    const environments = { VIRTUAL_ENV: path.join(home, 'venv'), CONDA_PREFIX: path.join(home, 'conda') }
    const env = { ...environments, ISENTROPE_TORCH: path.join(home, 'named') }
    expect((await locate(env)).install?.libDir).toBe(named)
    expect((await locate(environments)).install).toMatchObject({ libDir: venv, source: 'virtualenv' })
    expect((await locate({ CONDA_PREFIX: path.join(home, 'conda') })).install).toMatchObject({
      libDir: conda,
      source: 'conda',
    })
    expect(await locate({ ...environments, ISENTROPE_TORCH: 'pinned' })).toEqual({ passedOver: [] })
  })

  it('passes over what is too old or broken and was not named', async () => {
    const old = fakeTorch(sitePackagesOf('venv'), '2.6.0')
    const broken = fakeTorch(sitePackagesOf('conda'), '2.13.0')
    const env = { VIRTUAL_ENV: path.join(home, 'venv'), CONDA_PREFIX: path.join(home, 'conda') }
    const { install, passedOver } = await locate(env, { loadProblem: async () => 'libcudart.so.13: not found' })
    expect(install).toBeUndefined()
    expect(passedOver.map(describePassedOver)).toEqual([
      `LibTorch 2.6.0 in ${old} is older than 2.11; it is passed over`,
      `LibTorch 2.13.0 in ${broken} does not load: libcudart.so.13: not found; it is passed over`,
    ])
  })

  it.skipIf(here === 'win32')('asks the Pythons on the path, in its order', async () => {
    const libDir = fakeTorch('site', '2.11.0')
    const python = (directory: string, answer: string) => {
      mkdirSync(path.join(home, directory))
      writeFileSync(path.join(home, directory, 'python3'), `#!/bin/sh\n${answer}\n`)
      chmodSync(path.join(home, directory, 'python3'), 0o755)
      return path.join(home, directory)
    }
    const first = python('bin', `echo '["${path.join(home, 'site', 'torch')}"]'`)
    const fails = python('fails', 'exit 1')
    const without = python('without', 'echo "[]"')
    expect((await locate({ PATH: `${home}/none:${first}` })).install).toMatchObject({ libDir, source: 'python' })
    expect(await locate({ PATH: fails })).toEqual({ passedOver: [] })
    expect(await locate({ PATH: without })).toEqual({ passedOver: [] })
  })
})

describe('the libraries of an installation', () => {
  it('lists them in load order, CUDA last and only with a driver', () => {
    const libDir = fakeTorch('site', '2.11.0', 'linux')
    const cuda = path.join(home, 'site', 'nvidia', 'cu13', 'lib')
    mkdirSync(cuda, { recursive: true })
    for (const name of ['libcupti.so.13', 'libcudart.so.13']) writeFileSync(path.join(cuda, name), '')
    const listed = (driver: boolean) =>
      librariesIn(libDir, { platform: 'linux', driver })?.libraries.map((each) => [each.role, path.basename(each.path)])
    const withoutDriver = [
      ['support', 'libcudart.so.13'],
      ['support', 'libcupti.so.13'],
      ['c10', 'libc10.so'],
      ['torch_cpu', 'libtorch_cpu.so'],
    ]
    expect(listed(false)).toEqual(withoutDriver)
    expect(listed(true)).toEqual([...withoutDriver, ['torch_cuda', 'libtorch_cuda.so']])
    const lacksDriver = (driver: boolean) => librariesIn(libDir, { platform: 'linux', driver })?.lacksDriver
    expect([lacksDriver(true), lacksDriver(false)]).toEqual([false, true])
    rmSync(path.join(libDir, 'libtorch_cuda.so'))
    expect(lacksDriver(false)).toBe(false)
  })

  it('knows the names of macOS and Windows, and what is no LibTorch', () => {
    const base = (platform: 'darwin' | 'win32') =>
      librariesIn(fakeTorch(platform, '2.15.0', platform), { platform })?.libraries.map((each) =>
        path.basename(each.path),
      )
    expect(base('darwin')).toEqual(['libomp.dylib', 'libc10.dylib', 'libtorch_cpu.dylib'])
    expect(base('win32')).toEqual(['libiomp5md.dll', 'uv.dll', 'c10.dll', 'torch_cpu.dll'])
    expect(librariesIn(home)).toBeUndefined()
  })

  it('says which one does not load, and asks again next time', async () => {
    const found = librariesIn(fakeTorch('site', '2.15.0'))!
    const first = found.libraries[0].path
    const problem = await loadProblem(found)
    expect(problem).toContain(path.basename(first))
    expect(await knownLoadProblem(found)).toBe(problem)
    expect(await knownLoadProblem(found)).toBe(problem)
  })
})

describe('the pinned table', () => {
  it('has four platforms, each with whole hashes and the libraries that are loaded', () => {
    const platforms = {
      'linux-x64': 'linux',
      'linux-arm64': 'linux',
      'darwin-arm64': 'darwin',
      'win32-x64': 'win32',
    } as const
    expect(Object.keys(TORCH_WHEELS).toSorted()).toEqual(Object.keys(platforms).toSorted())
    for (const [name, wheels] of Object.entries(TORCH_WHEELS)) {
      const files = wheels.flatMap((wheel) => wheel.files)
      const needed = names[platforms[name as keyof typeof platforms]].filter((library) => !library.includes('cuda'))
      for (const file of [...needed.map((library) => `torch/lib/${library}`), 'torch/version.py'])
        expect(files.map((each) => each.path)).toContain(file)
      for (const { sha256, size, packed } of files) {
        expect(sha256).toMatch(/^[0-9a-f]{64}$/)
        expect(Math.min(size, packed)).toBeGreaterThan(0)
      }
      expect(wheels[0].filename).toContain(`torch-${TORCH_VERSION}-`)
      for (const wheel of wheels) {
        const total = wheel.files.reduce((sum, { packed }) => sum + packed, 0)
        expect(wheel.size).toBeGreaterThan(total)
      }
    }
  })

  it('is refused where no build runs', () => {
    const machine: Machine = { platform: 'linux', arch: 'x64', release: '6.1.0', glibc: '2.36' }
    expect(pinnedWheels(machine)).toBe(TORCH_WHEELS['linux-x64'])
    expect(pinnedWheels({ platform: 'darwin', arch: 'arm64', release: '23.1.0' })).toBe(TORCH_WHEELS['darwin-arm64'])
    expect(() => pinnedWheels({ ...machine, glibc: '2.17' })).toThrow('needs glibc 2.28; here is glibc 2.17')
    expect(() => pinnedWheels({ ...machine, glibc: undefined })).toThrow('musl')
    expect(() => pinnedWheels({ platform: 'darwin', arch: 'arm64', release: '22.6.0' })).toThrow('needs macOS 14')
    expect(() => pinnedWheels({ ...machine, arch: 'riscv64' })).toThrow('linux-riscv64')
  })

  it('is a user error with the way out where it cannot be fetched', async () => {
    const error = await provisionTorch({ offline: true }).catch((thrown: UserError) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).hint).toContain('docs/install.md')
  })

  it('is a failure that may pass where the index is out of reach', async () => {
    vi.stubEnv('PIP_INDEX_URL', 'https://mirror.example/simple')
    vi.stubEnv('PIP_NO_INDEX', '')
    const fetch = (() => Promise.reject(new TypeError('fetch failed'))) as typeof globalThis.fetch
    const error = await provisionTorch({ offline: false, fetch }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).message).toMatch(/^LibTorch [\d.]+ cannot be fetched now: Cannot reach https:/)
    expect((error as Failure).hint).toMatch(/ISENTROPE_TORCH \(docs\/install.md\)$/)
  })

  it('compares versions by their numbers', () => {
    expect(
      ['2.9.1', '2.11.0+cu130', '2.110', '3.0', 'nightly', undefined].map((text) => atLeast(text, [2, 11])),
    ).toEqual([false, true, true, true, false, false])
  })
})
