/** Lost answers, busy and dying servers: every completion comes back once, as if nothing had happened. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ServerTrouble } from '../../src/base/errors.js'
import type { Sampler } from '../../src/rollout/sampler-kind.js'
import type { SampledCompletion } from '../../src/rollout/types.js'
import type { ExactBackend } from '../../src/train/backend.js'
import { promptsOf, samplingOptions, trainGroupsOf, updateOptions } from '../contracts/backend.js'
import { openTable } from '../table/backend.js'
import { openFakeSampler, startFake, vllmOptions } from './fake-sampler.js'
import type { FakeVllm, Fault } from './fake-server.js'

const root = mkdtempSync(join(tmpdir(), 'faults-'))
let backend: ExactBackend
let prompts: ReturnType<typeof promptsOf>
/** What a server without faults draws. */
let undisturbed: SampledCompletion[]
const open: { close(): Promise<unknown> }[] = []
const fakes: FakeVllm[] = []
let count = 0

/** A policy that is not the servers' base: weights that were lost with a process show. */
beforeAll(async () => {
  backend = openTable()
  prompts = promptsOf(backend, [5, 3, 7])
  const groups = await trainGroupsOf(backend)
  const { gradNorm } = await backend.update(groups, updateOptions(0))
  await backend.update(groups, updateOptions(0.5 / gradNorm ** 2))
  const { sampler } = await setUp({})
  undisturbed = (await draw(sampler)).completions
  await end()
})
afterAll(async () => {
  await backend.close()
  rmSync(root, { recursive: true })
})

async function end(): Promise<void> {
  for (const one of open.splice(0)) await one.close()
  for (const fake of fakes.splice(0)) await fake.stop()
}
afterEach(end)

interface SetUp {
  /** Of the n-th completion that the server is asked for, the start's scored text not counted. */
  fault?: (count: number) => Fault | undefined
  changes?: object
  servers?: number
  signal?: AbortSignal
  adapter?: boolean
}

async function setUp({ fault, changes = {}, servers = 1, signal, adapter = true }: SetUp) {
  const own: FakeVllm[] = []
  for (let i = 0; i < servers; i++) {
    const fake = await startFake({
      fault: (path, n) => (path === 'v1/completions' && n > 0 ? fault?.(n - 1) : undefined),
    })
    own.push(fake)
    fakes.push(fake)
  }
  const directory = join(root, String(count++))
  const urls = own.map(({ url }) => url)
  const sampler = await openFakeSampler(vllmOptions(urls, { timeout: 5, patience: 10, ...changes }), {
    backend,
    directory,
    signal,
    adapter,
  })
  open.push(sampler)
  const heard: string[] = []
  sampler.hear?.((message) => heard.push(message))
  await sampler.sync!({ step: 1, save: (into) => backend.save(into, { optimizer: false }) })
  return { sampler, fakes: own, directory, heard }
}

const draw = (sampler: Sampler, changes: object = {}, onProgress?: () => void) =>
  sampler.sample(prompts, samplingOptions(backend, { samplesPerPrompt: 4, batchSize: 4, ...changes }), onProgress)

describe('one bad answer', () => {
  it.each<Fault>([
    'lost',
    'dropped',
    429,
    500,
    502,
    503,
    'truncated',
    'garbage',
    'endless',
    'abort',
    'slow',
    'hanging',
  ])('%s changes nothing', async (fault) => {
    const bad = (n: number) => (n === 2 || n === 5 ? fault : undefined)
    const { sampler, fakes } = await setUp({ fault: bad, changes: { timeout: 0.8 } })
    const { completions, statistics } = await draw(sampler)
    expect(completions).toEqual(undisturbed)
    expect(statistics.completionTokens).toBe(undisturbed.reduce((sum, { tokens }) => sum + tokens.length, 0))
    // Asked for again, if it was lost, and no other was.
    const again = fakes[0]!.counts.get('v1/completions')!
    expect(again).toBeGreaterThanOrEqual(fault === 'slow' ? 13 : 15)
    expect(new Set(fakes[0]!.drawn.slice(1)).size).toBe(
      12 + (fakes[0]!.drawn.filter((seed) => seed === 0).length > 1 ? 1 : 0),
    )
  })
})

it('asks for as many completions at once as rollout.batchSize says, and no more', async () => {
  const { sampler, fakes } = await setUp({ fault: () => 'slow' })
  await draw(sampler, { samplesPerPrompt: 5, batchSize: 7 })
  expect(fakes[0]!.mostBusy).toBe(7)
})

describe('a server that is killed and started again', () => {
  it.each([true, false])('gets the weights again before it draws; adapter: %s', async (adapter) => {
    const { sampler, fakes, heard } = await setUp({ adapter })
    let restarted: Promise<unknown> | undefined
    let done = 0
    const { completions } = await draw(sampler, {}, () => {
      if (++done !== 4) return
      restarted = fakes[0]!
        .stop()
        .then(() => new Promise((resolve) => setTimeout(resolve, 50)))
        .then(() => fakes[0]!.start())
    })
    await restarted
    expect(completions).toEqual(undisturbed)
    expect(heard[0]).toMatch(/^waiting for http:\/\/127.0.0.1:\d+: Cannot reach/)
    expect(heard.at(-1)).toMatch(/answers again$/)
  })

  it('between two steps is noticed as well', async () => {
    const { sampler, fakes } = await setUp({})
    await fakes[0]!.stop()
    await fakes[0]!.start()
    expect((await draw(sampler)).completions).toEqual(undisturbed)
  })
})

describe('two servers', () => {
  it('of which one is dead get new weights, and the dead one gets them when it is back', async () => {
    const { sampler, fakes, heard } = await setUp({ servers: 2 })
    await fakes[1]!.stop()
    for (const step of [2, 3]) await sampler.sync!({ step, save: (into) => backend.save(into, { optimizer: false }) })
    expect((await draw(sampler)).completions).toEqual(undisturbed)
    await fakes[1]!.start()
    await expect.poll(() => heard.at(-1)).toBe(`${fakes[1]!.url} answers again`)
    expect([...fakes[1]!.adapters.keys()]).toEqual([...fakes[0]!.adapters.keys()])
  })

  it('share the work', async () => {
    const { sampler, fakes } = await setUp({ servers: 2 })
    expect((await draw(sampler)).completions).toEqual(undisturbed)
    for (const fake of fakes) expect(fake.drawn.length).toBeGreaterThan(4)
  })

  it('are one while the other is dead, which is named, and two when it is back', async () => {
    const { sampler, fakes, heard } = await setUp({ servers: 2 })
    let done = 0
    let dead: Promise<void> | undefined
    const { completions } = await draw(sampler, {}, () => {
      if (++done === 3) dead = fakes[1]!.stop()
    })
    await dead
    expect(completions).toEqual(undisturbed)
    expect(heard.join('\n')).toContain(`${fakes[1]!.url} is left out`)
    await fakes[1]!.start()
    await expect.poll(() => heard.at(-1), { timeout: 8000 }).toBe(`${fakes[1]!.url} answers again`)
    const before = fakes[1]!.drawn.length
    expect((await draw(sampler)).completions).toEqual(undisturbed)
    expect(fakes[1]!.drawn.length).toBeGreaterThan(before)
  })
})

describe('what does not get better ends the call', () => {
  it.each<[Fault, RegExp]>([
    ['garbage', /failed 6 times; the last time: .*answers a completion with something else: <html>/],
    ['truncated', /failed 6 times/],
    [500, /failed 6 times; the last time: .*status 500: trouble/],
    ['hanging', /failed 6 times; the last time: .*has not answered within 0.2 s/],
    ['endless', /failed 6 times; the last time: .*(sends more than the \d+ bytes|not answered)/],
  ])('%s', async (fault, message) => {
    // Scored texts are answered, completions are not.
    const { sampler, fakes } = await setUp({ changes: { timeout: 0.2 } })
    const score = fakes[0]!.counts.get('v1/completions')!
    expect(score).toBe(1)
    Object.assign(fakes[0]!.options, { fault: undefined, faultOfDraws: fault })
    const drawing = draw(sampler)
    await expect(drawing).rejects.toThrow(ServerTrouble)
    await expect(drawing).rejects.toThrow(message)
    await expect(drawing).rejects.toMatchObject({ hint: expect.stringMatching(/resume the run/) })
  })

  it('a server that is gone for longer than the patience', async () => {
    const { sampler, fakes } = await setUp({ changes: { patience: 0.3 } })
    await fakes[0]!.stop()
    const drawing = draw(sampler)
    await expect(drawing).rejects.toThrow(ServerTrouble)
    await expect(drawing).rejects.toThrow(`no vLLM server has answered for 0.3 s: ${fakes[0]!.url} (Cannot reach`)
  })

  it('a server that puts every request off', async () => {
    const { sampler } = await setUp({ fault: () => 429, changes: { patience: 0.4 } })
    await expect(draw(sampler)).rejects.toThrow(/no vLLM server has answered for 0.4 s: .*puts every request off/)
  })
})

it('ends with the signal, and leaves no request behind', async () => {
  const stop = new AbortController()
  const { sampler, fakes } = await setUp({ fault: () => 'hanging', signal: stop.signal, changes: { timeout: 60 } })
  const drawing = draw(sampler)
  setTimeout(() => stop.abort(new Error('Ctrl-C')), 100)
  await expect(drawing).rejects.toThrow('Ctrl-C')
  expect(fakes[0]!.counts.get('v1/completions')).toBeLessThanOrEqual(5)
})

describe('weights', () => {
  const sync = (sampler: Sampler, step: number) =>
    sampler.sync!({ step, save: (into) => backend.save(into, { optimizer: false }) })

  it('are kept in one version, on disk and on the servers, and none is left in the end', async () => {
    const { sampler, fakes, directory } = await setUp({})
    const names = new Set([...fakes[0]!.adapters.keys()])
    for (const step of [2, 3]) {
      await sync(sampler, step)
      expect(fakes[0]!.adapters.size).toBe(1)
      expect(readdirSync(directory)).toHaveLength(1)
      for (const name of fakes[0]!.adapters.keys()) names.add(name)
    }
    // Never the same name twice.
    await sync(sampler, 3)
    for (const name of fakes[0]!.adapters.keys()) names.add(name)
    expect(names.size).toBe(4)
    await open.pop()!.close()
    expect(fakes[0]!.adapters.size).toBe(0)
    expect(readdirSync(directory)).toEqual([])
  })

  it('of a run that was killed are cleared away by the run that resumes it', async () => {
    const { fakes, directory } = await setUp({})
    // The first sampler is not closed: its process is dead.
    open.length = 0
    const sampler = await openFakeSampler(vllmOptions(fakes[0]!.url), { backend, directory })
    open.push(sampler)
    await sync(sampler, 1)
    expect(fakes[0]!.adapters.size).toBe(1)
    expect(readdirSync(directory)).toHaveLength(1)
  })

  it('that could not be saved leave the old ones in force', async () => {
    const { sampler, directory } = await setUp({})
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const failing = sampler.sync!({ step: 2, save: () => Promise.reject(full) })
    await expect(failing).rejects.toThrow(
      /the weights for the sampler cannot be written to .*: no space left on the disk/,
    )
    await expect(failing).rejects.toMatchObject({ hint: expect.stringContaining('sampler.directory') })
    expect(readdirSync(directory)).toHaveLength(1)
    expect((await draw(sampler)).completions).toEqual(undisturbed)
  })
})
