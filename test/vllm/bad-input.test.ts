/** What a user may get wrong about servers: each is an error that says what, where, and the way out, before anything is trained. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Failure, UserError } from '../../src/base/errors.js'
import { parseRecipe } from '../../src/recipe/index.js'
import type { Sampler } from '../../src/rollout/sampler-kind.js'
import type { ExactBackend } from '../../src/train/backend.js'
import { promptsOf, samplingOptions } from '../contracts/backend.js'
import { openTable } from '../table/backend.js'
import { openFakeSampler, startFake, vllmOptions } from './fake-sampler.js'
import type { FakeOptions, FakeVllm } from './fake-server.js'

const root = mkdtempSync(join(tmpdir(), 'bad-input-'))
let backend: ExactBackend
beforeAll(() => {
  backend = openTable()
})
afterAll(async () => {
  await backend.close()
  rmSync(root, { recursive: true })
})
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const server = async (options: Partial<FakeOptions> = {}): Promise<FakeVllm> => {
  const fake = await startFake(options)
  closing.push(() => fake.stop())
  return fake
}

/** Where a server was, and is no more. */
async function deadAddress(): Promise<string> {
  const fake = await startFake()
  await fake.stop()
  return fake.url
}

interface Asked {
  changes?: object
  directory?: string
  adapter?: boolean
  sampling?: object
  env?: NodeJS.ProcessEnv
}

/** Opens, sends the weights, and samples, as a run's first step does. */
async function firstStep(url: string | string[], { changes, directory, adapter = true, sampling, env }: Asked = {}) {
  const open = (): Promise<Sampler> =>
    openFakeSampler(vllmOptions(url, { patience: 1, ...changes }), {
      backend,
      directory: directory ?? mkdtempSync(join(root, 'run-')),
      adapter,
      env,
    })
  const sampler = await open()
  closing.unshift(() => sampler.close())
  await sampler.sync!({ step: 0, save: (into) => backend.save(into, { optimizer: false }) })
  return sampler.sample(promptsOf(backend, [4]), samplingOptions(backend, sampling))
}

async function expectError(work: Promise<unknown>, message: RegExp, hint: RegExp, kind = UserError): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason as UserError,
  )
  expect(error).toBeInstanceOf(kind)
  expect(error!.message).toMatch(message)
  expect(error!.hint).toMatch(hint)
}

describe('an address', () => {
  it('where nothing answers', async () =>
    expectError(
      firstStep(await deadAddress()),
      /^no vLLM server can be asked: Cannot reach http:\/\/127.0.0.1:\d+\/version: .*ECONNREFUSED/,
      /check sampler.url, and that `vllm serve` runs there/,
    ))

  it.each([
    [404, 'no', /is not a vLLM server: .*status 404: no/],
    [200, '<html>hello</html>', /is not a vLLM server: it answers with something else/],
    [302, '', /is not a vLLM server: .*status 302/],
  ])('of something else (%i)', async (status, text, message) => {
    const other = createServer((_, response) => void response.writeHead(status, { location: '/x' }).end(text))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => other.close(resolve)))
    await expectError(firstStep(`http://127.0.0.1:${(other.address() as AddressInfo).port}`), message, /without a path/)
  })

  it.each(['host:8000', 'ftp://host', 'http://', ''])('that is none: %j', (url) => {
    expect(() => parseRecipe({ model: 'm', task: { name: 'arithmetic' }, sampler: { kind: 'vllm', url } })).toThrow(
      /sampler.url.*must be an address such as http:\/\/host:8000/s,
    )
  })

  it('is one of two, and the other answers: the run begins without it', async () => {
    const fake = await server()
    const { completions } = await firstStep([await deadAddress(), fake.url])
    expect(completions).toHaveLength(3)
  })
})

describe('a server', () => {
  it('of another model', async () => {
    const fake = await server()
    // The fake's adapters are whole tables: this one is not the backend's.
    const sampler = await openFakeSampler(vllmOptions(fake.url), { backend, directory: join(root, 'other') })
    closing.unshift(() => sampler.close())
    const other = openTable({ seed: 9 })
    await expectError(
      sampler.sync!({ step: 0, save: (into) => other.save(into, { optimizer: false }) }),
      /gives a text other log-probabilities than the policy: they differ by [\d.]+ nats a token/,
      /vllm serve the-model/,
    )
    await other.close()
  })

  it.each(['0.31.2', '0.9.0'])('of the old version %s', async (version) => {
    const fake = await server({ version })
    await expectError(
      firstStep(fake.url),
      new RegExp(`runs vLLM ${version}; 0.32 or newer is needed`),
      /pip install -U/,
    )
  })

  it.each(['0.32.1+cpu', '0.40.0', '1.0.0', '0.1.dev1+gabc'])('of the version %s is fine', async (version) => {
    const fake = await server({ version })
    expect((await firstStep(fake.url)).completions).toHaveLength(3)
  })

  it('that does not load adapters while it runs', async () => {
    const fake = await server({ updates: false })
    await expectError(
      firstStep(fake.url),
      /does not load adapters while it runs/,
      /VLLM_ALLOW_RUNTIME_LORA_UPDATING=1.*--enable-lora/,
    )
  })

  it.each<[string, [number, string], RegExp, RegExp]>([
    [
      'without adapters',
      [500, 'Call to add_lora method failed: LoRA is not enabled. Use --enable-lora to enable LoRA.'],
      /serves without adapters/,
      /--enable-lora/,
    ],
    [
      'whose adapters have a lower rank',
      [
        500,
        "Call to add_lora method failed: Worker failed with error 'LoRA rank 128 is greater than max_lora_rank 64.'",
      ],
      /takes adapters of rank 64 at most, and the recipe's has rank 128/,
      /--max-lora-rank 128, or lower lora.rank/,
    ],
    [
      'that cannot read the directory',
      [404, 'Loading lora b failed: No adapter found for <path>'],
      /cannot read .*step-000000-[0-9a-f]{8}: Loading lora b failed/,
      /sampler.directory.*under the same path/,
    ],
    [
      'that does not like the adapter',
      [500, 'Call to add_lora method failed: odd'],
      /does not take the adapter in .*: .*odd/,
      /log/,
    ],
  ])('%s', async (_, refusesAdapters, message, hint) => {
    const fake = await server({ refusesAdapters })
    await expectError(firstStep(fake.url), message, hint)
  })

  it('that does not read other weights', async () => {
    const fake = await server({ developer: false })
    await expectError(firstStep(fake.url, { adapter: false }), /does not read other weights/, /VLLM_SERVER_DEV_MODE=1/)
  })

  it('that asks for a key', async () => {
    const fake = await server({ key: 'secret' })
    await expectError(firstStep(fake.url), /status 401/, /VLLM_API_KEY/)
    await expectError(firstStep(fake.url, { env: { VLLM_API_KEY: 'wrong' } }), /status 401/, /VLLM_API_KEY/)
    expect((await firstStep(fake.url, { env: { VLLM_API_KEY: 'secret' } })).completions).toHaveLength(3)
  })

  it('whose log-probabilities are not those that the recipe asks for', async () => {
    const raw = await server()
    const processed = await server({ mode: 'processed' })
    const temperature = { sampling: { temperature: 0.7 } }
    await expectError(
      firstStep(raw.url, temperature),
      /at temperature 1.*drawn at 0.7/,
      /--logprobs-mode processed_logprobs/,
    )
    expect((await firstStep(processed.url, temperature)).completions).toHaveLength(3)
    await expectError(firstStep(processed.url, { sampling: { topK: 3 } }), /after top-p/, /without --logprobs-mode/)
  })

  it('of too short sequences', async () => {
    const fake = await server({ maxModelLen: 15 })
    await expectError(
      firstStep(fake.url),
      /sequences of 15 tokens at most; a prompt of 4 with 12 new/,
      /--max-model-len 16/,
    )
  })
})

describe('a directory', () => {
  it('that cannot be made', async () => {
    const fake = await server()
    const file = join(root, 'file')
    writeFileSync(file, '')
    await expectError(
      firstStep(fake.url, { directory: join(file, 'sampler') }),
      /the weights for the sampler cannot be written to .*file\/sampler/,
      /sampler.directory/,
      Failure,
    )
  })

  it.skipIf(process.getuid?.() === 0)('that cannot be written', async () => {
    const fake = await server()
    const directory = join(root, 'closed')
    mkdirSync(directory)
    chmodSync(directory, 0o500)
    await expectError(firstStep(fake.url, { directory }), /EACCES/, /sampler.directory/, Failure)
  })
})

describe('a recipe', () => {
  it('whose sync does not fit what it trains', async () => {
    const fake = await server()
    const lora = firstStep(fake.url, { adapter: false, changes: { sync: 'lora' } })
    await expectError(lora, /sampler.sync is lora, and the recipe trains all weights/, /add a lora section/)
    const reload = firstStep(fake.url, { changes: { sync: 'reload' } })
    await expectError(reload, /sampler.sync is reload, and the recipe trains an adapter/, /sync: lora/)
  })

  it('of a cap of 0, or a timeout of none', () => {
    const parse = (sampler: object) =>
      parseRecipe({
        model: 'm',
        task: { name: 'arithmetic' },
        sampler: { kind: 'vllm', url: 'http://a', ...sampler } as { kind: 'vllm'; url: string },
      })
    expect(() => parse({ importance: { cap: 0 } })).toThrow(/sampler.importance.cap.*above 0/s)
    expect(() => parse({ timeout: 0 })).toThrow(/sampler.timeout/)
    expect(() => parse({ urls: 'http://a' })).toThrow(/urls/)
    expect(parse({}).sampler).toMatchObject({ importance: { level: 'token', cap: 2 }, timeout: 600 })
  })
})

it('says which server is left out from the beginning', async () => {
  const fake = await server()
  const sampler = await openFakeSampler(vllmOptions([await deadAddress(), fake.url]), {
    backend,
    directory: join(root, 'left-out'),
  })
  closing.unshift(() => sampler.close())
  await sampler.sync!({ step: 0, save: (into) => backend.save(into, { optimizer: false }) })
  const heard: string[] = []
  sampler.hear!((message) => heard.push(message))
  expect(heard).toEqual([expect.stringMatching(/^http:\/\/127.0.0.1:\d+ is left out: Cannot reach/)])
})

it.each([
  ['reload', 1],
  ['lora', 0],
] as const)('says of a tied output head what becomes of it by %s', async (sync, times) => {
  const fake = await server()
  const config = { ...backend.model.config, tieWordEmbeddings: true }
  const sampler = await openFakeSampler(vllmOptions(fake.url, { sync }), {
    backend: { ...backend, model: { ...backend.model, config } },
    directory: join(root, `tied-${sync}`),
    adapter: sync === 'lora',
  })
  closing.unshift(() => sampler.close())
  const heard: string[] = []
  for (let i = 0; i < 2; i++) sampler.hear!((message) => heard.push(message))
  expect(heard.filter((message) => message.includes('output head'))).toHaveLength(times)
})
