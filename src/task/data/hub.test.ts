import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, startHubServer } from '../../../test/hub-server.js'
import { openHubDataset } from './hub.js'
import { chooseFiles, hubSplit } from './hub-files.js'

// The pauses between two tries are tested with the client; here they take no time.
vi.mock('node:timers/promises', async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }))

const repository = 'owner/set'
const request = { repository, revision: 'main' }
const path = 'data/train-00000-of-00001.jsonl'
const large = `${JSON.stringify({ problem: 'p'.repeat(300), answer: 1 })}\n`

let hub: HubServer
let cache: string
const folder = () => join(cache, 'datasets--owner--set')
const broken = () => Promise.reject(new TypeError('fetch failed'))

beforeEach(async () => {
  hub = await startHubServer()
  hub.datasets[repository] = { [path]: large, 'README.md': '# small' }
  cache = await mkdtemp(join(tmpdir(), 'isentrope-hub-'))
  vi.stubEnv('HF_ENDPOINT', `${hub.url}/`)
  vi.stubEnv('HF_HUB_CACHE', cache)
  vi.stubEnv('HF_TOKEN', 'hf_secret')
  vi.stubEnv('HF_HUB_OFFLINE', '')
  vi.stubEnv('ISENTROPE_OFFLINE', '')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
  await rm(cache, { recursive: true, force: true })
})

describe('openHubDataset', () => {
  it('downloads into the layout that other tools share, with the token', async () => {
    const dataset = await openHubDataset(request)
    expect(dataset.commit).toBe(hub.commit)
    expect(dataset.paths).toEqual([path, 'README.md'])
    const local = await dataset.get(path)
    expect(local).toBe(join(folder(), 'snapshots', hub.commit, path))
    expect(await readFile(local, 'utf8')).toBe(large)
    expect(await readFile(await dataset.get('README.md'), 'utf8')).toBe('# small')
    expect(await readFile(join(folder(), 'refs', 'main'), 'utf8')).toBe(hub.commit)
    expect(hub.requests.every(({ authorization }) => authorization === 'Bearer hf_secret')).toBe(true)
  })

  it('does not download what is there', async () => {
    await (await openHubDataset(request)).get(path)
    hub.requests.length = 0
    await (await openHubDataset(request)).get(path)
    expect(hub.requests.filter(({ url }) => url.includes('/resolve/'))).toEqual([])
  })

  it('serves from the cache where the hub cannot be reached, or is not to be asked', async () => {
    const local = await (await openHubDataset(request)).get(path)
    await hub.close()
    expect(await (await openHubDataset({ ...request, fetch: broken })).get(path)).toBe(local)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    const dataset = await openHubDataset({ ...request, fetch: broken })
    expect(dataset.paths).toEqual([path])
    expect((await openHubDataset({ ...request, revision: hub.commit })).commit).toBe(hub.commit)
  })

  it('goes on with a download where it broke', async () => {
    hub.breakAfter = 150
    const local = await (await openHubDataset(request)).get(path)
    expect(await readFile(local, 'utf8')).toBe(large)
    // 329 bytes in pieces of 150.
    expect(hub.requests.filter(({ url }) => url.includes('/resolve/')).length).toBe(3)
  })

  it('keeps nothing whose content is not what its hash says', async () => {
    const dataset = await openHubDataset(request)
    hub.datasets[repository]![path] = large.replace('p', 'q')
    await expect(dataset.get(path)).rejects.toThrow(/arrived damaged/)
    hub.datasets[repository]![path] = large
    expect(await readFile(await dataset.get(path), 'utf8')).toBe(large)
  })

  it.each<[number | undefined, Record<string, string>, RegExp, RegExp]>([
    [401, {}, /owner\/set: access denied \(status 401\)/, /HF_TOKEN/],
    [403, {}, /access denied \(status 403\): it is gated/, /Accept its terms/],
    [404, {}, /not found at revision main \(status 404\)/, /Check owner, name/],
    [
      undefined,
      { HF_HUB_OFFLINE: '1' },
      /not in the cache \(.*\), and HF_HUB_OFFLINE forbids/,
      /^unset HF_HUB_OFFLINE/,
    ],
    [
      undefined,
      { ISENTROPE_OFFLINE: '1' },
      /not in the cache.*, and ISENTROPE_OFFLINE forbids/,
      /^unset ISENTROPE_OFF/,
    ],
  ])('explains status %s, %j', async (status, environment, message, hint) => {
    hub.status = status
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    const error = await openHubDataset(request).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'UserError' })
    expect((error as Error).message).toMatch(message)
    expect((error as { hint: string }).hint).toMatch(hint)
    expect(hub.requests.length > 0).toBe(status !== undefined)
  })

  it('in trouble is a failure and no mistake of the user; what the cache has serves', async () => {
    hub.status = 500
    const error = await openHubDataset(request).catch((cause: unknown) => cause)
    expect(error).toMatchObject({
      name: 'Failure',
      message: expect.stringMatching(/^data set owner\/set cannot be fetched now: .* answered status 500$/),
      hint: expect.stringMatching(/try again later/),
    })
    hub.status = undefined
    const local = await (await openHubDataset(request)).get(path)
    hub.status = 429
    expect(await (await openHubDataset(request)).get(path)).toBe(local)
  })

  it('says that a hub cannot be reached and what to do', async () => {
    const error = await openHubDataset({ ...request, fetch: broken }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'Failure' })
    expect((error as Error).message).toMatch(/^data set owner\/set cannot be fetched now: Cannot reach .*fetch failed/)
    expect((error as { hint: string }).hint).toMatch(/HF_ENDPOINT/)
  })

  it('takes an answer that breaks off for a hub out of reach', async () => {
    const broken = () => new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) })
    const fetch = async () => new Response(broken())
    await expect(openHubDataset({ ...request, fetch })).rejects.toMatchObject({
      name: 'Failure',
      message: expect.stringMatching(/^data set owner\/set cannot be fetched now: Cannot reach .*: terminated$/),
    })
  })

  it('refuses a path that leads out of the data set', async () => {
    hub.datasets[repository] = { '../../outside.jsonl': large }
    const dataset = await openHubDataset(request)
    await expect(dataset.get('../../outside.jsonl')).rejects.toThrow(/lies outside/)
  })
})

describe('hubSplit', () => {
  it('does not take a part of the shards for all of them', async () => {
    hub.datasets[repository] = {
      'data/train-00000-of-00002.jsonl': large,
      'data/train-00001-of-00002.jsonl': `${large} `,
    }
    const dataset = await openHubDataset(request)
    await dataset.get('data/train-00000-of-00002.jsonl')
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    await expect(hubSplit({ ...request, split: 'train' })).rejects.toMatchObject({
      message: expect.stringMatching(/the cache has 1 of the 2 files/),
      hint: 'unset HF_HUB_OFFLINE to fetch the rest',
    })
    vi.stubEnv('HF_HUB_OFFLINE', '')
    expect((await hubSplit({ ...request, split: 'train' })).files).toHaveLength(2)
    delete hub.datasets[repository]!['data/train-00000-of-00002.jsonl']
    await expect(hubSplit({ ...request, split: 'train' })).rejects.toThrow(/the hub has 1 of the 2 files/)
  })

  it('does not take what the cache has for all splits of a set', async () => {
    await (await openHubDataset(request)).get(path)
    vi.stubEnv('ISENTROPE_OFFLINE', '1')
    await expect(hubSplit({ ...request, split: 'test' })).rejects.toMatchObject({
      message: "data set owner/set: the cache has no file of split 'test'",
      hint: 'unset ISENTROPE_OFFLINE to ask the hub for it',
    })
  })

  it('offline, finds files that other tools linked', async () => {
    await (await openHubDataset(request)).get(path)
    await writeFile(join(folder(), 'snapshots', hub.commit, 'data', 'train-00000-of-00001.jsonl.tmp'), '')
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect((await hubSplit({ ...request, split: 'train' })).files.map((file) => file.path)).toEqual([path])
  })
})

describe('chooseFiles', () => {
  const choose = (paths: string[], split: string, config?: string, card = '') =>
    chooseFiles(paths, card, { repository, config, split })

  it("knows splits by the files' names, as the hub does", () => {
    expect(choose(['data/dapo-math-17k.parquet'], 'train')).toEqual(['data/dapo-math-17k.parquet'])
    expect(choose(['test.jsonl', 'README.md'], 'test')).toEqual(['test.jsonl'])
    const shards = ['data/train-00001-of-00002.parquet', 'data/train-00000-of-00002.parquet', 'data/test.parquet']
    expect(choose(shards, 'train')).toEqual([...shards.slice(0, 2)].sort())
    // A file that holds both words: the last decides ("train/test.jsonl" lies in a directory called train).
    expect(choose(['train/test.jsonl', 'train/train.jsonl'], 'test')).toEqual(['train/test.jsonl'])
  })

  it('takes one format of several', () => {
    expect(choose(['train.parquet', 'train.jsonl'], 'train')).toEqual(['train.parquet'])
  })

  it('wants a config where there are several', () => {
    const paths = ['main/train.parquet', 'socratic/train.parquet']
    expect(choose(paths, 'train', 'main')).toEqual(['main/train.parquet'])
    expect(() => choose(paths, 'train')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/main, socratic/) }),
    )
  })

  it("follows the card's configs", () => {
    const card = `---
configs:
- config_name: all
  data_files:
  - split: train
    path: all/train-*
- config_name: en
  default: true
  data_files:
  - split: train
    path: [en/train-*, more/**/*.parquet]
---
# A set`
    const paths = ['all/train-0.parquet', 'en/train-0.parquet', 'more/a/b.parquet', 'en/test.parquet']
    expect(choose(paths, 'train', undefined, card)).toEqual(['en/train-0.parquet', 'more/a/b.parquet'])
    expect(choose(paths, 'train', 'all', card)).toEqual(['all/train-0.parquet'])
    expect(() => choose(paths, 'train', 'cn', card)).toThrow(/no config 'cn'/)
    expect(() => choose(paths, 'test', 'en', card)).toThrow(
      expect.objectContaining({ hint: 'Its splits: train.', name: 'UserError' }),
    )
  })

  it('says where a set holds no file that it reads', () => {
    expect(() => choose(['script.py'], 'train')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/refs\/convert\/parquet/) }),
    )
  })
})
