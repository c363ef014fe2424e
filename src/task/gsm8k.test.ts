import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadTask } from './registry.js'
import type { Example, Grade } from './types.js'

const rows = [
  { question: 'One and one?', answer: '1 + 1 = <<1+1=2>>2\n#### 2' },
  { question: 'A thousand and one?', answer: 'Simple.\n#### 1,001' },
]
const parquet = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'question', data: rows.map(({ question }) => question) },
      { name: 'answer', data: rows.map(({ answer }) => answer) },
    ],
  }),
)
const commit = 'e53f048856ff4f594e959d75785d2c2d37b678ee'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gsm8k-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})
const stop = { finish: 'stop', tokens: 1 } as const

describe('gsm8k from a file', () => {
  it('keeps the easier part, by the calculations that the solution notes', async () => {
    const two = { question: 'Two steps?', answer: '<<1+1=2>>2, <<2+1=3>>3\n#### 3' }
    writeFileSync(join(directory, 'train.jsonl'), [...rows, two].map((row) => JSON.stringify(row)).join('\n'))
    const questions = async (maxSteps?: number) => {
      const spec = { name: 'gsm8k', path: 'train.jsonl', instruction: '', maxSteps }
      const task = await loadTask(spec, { baseDirectory: directory })
      return (task.prompts(Math.random, 'train') as Example[]).map(({ id }) => id)
    }
    expect(await questions()).toEqual(['train-0', 'train-1', 'train-2'])
    // A solution without a noted calculation says nothing of its length.
    expect(await questions(1)).toEqual(['train-0'])
    expect(await questions(2)).toEqual(['train-0', 'train-2'])
  })

  it('takes what follows #### for the answer', async () => {
    writeFileSync(join(directory, 'train.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
    const task = await loadTask({ name: 'gsm8k', path: 'train.jsonl', instruction: '' }, { baseDirectory: directory })
    const examples = task.prompts(Math.random, 'train') as Example[]
    expect(examples.map(({ id, answer }) => [id, answer])).toEqual([
      ['train-0', '2'],
      ['train-1', '1001'],
    ])
    expect(examples[0]!.prompt).toEqual([{ role: 'user', content: 'One and one?' }])
    expect(task.prompts(Math.random, 'eval')).toEqual([])
    const grade = async (text: string) => ((await task.grade(text, examples[1]!, stop)) as Grade).reward
    expect([await grade('#### 1,001'), await grade('The answer is $1001.'), await grade('#### 1,002')]).toEqual([
      1, 1, 0,
    ])
  })

  it.each([
    ['{"question":"q","answer":"2"}', "the answer has no '####'"],
    ['{"problem":"q","answer":"#### 2"}', 'not a GSM8K row'],
  ])('refuses the row %s', async (row, message) => {
    writeFileSync(join(directory, 'train.jsonl'), row)
    await expect(loadTask({ name: 'gsm8k', path: join(directory, 'train.jsonl') })).rejects.toThrow(message)
  })
})

describe('gsm8k from the hub', () => {
  let server: Server
  let requests: IncomingMessage[]
  let status: number | undefined

  beforeAll(async () => {
    // The two endpoints of the hub's HTTP interface that a file needs: what a path holds, and its content.
    server = createServer((request, response) => {
      requests.push(request)
      if (status !== undefined) {
        response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":"no"}')
      } else if (request.method === 'POST' && request.url?.startsWith('/api/datasets/openai/gsm8k/paths-info/main')) {
        let body = ''
        request.on('data', (chunk) => {
          body += chunk
        })
        request.on('end', () => {
          const path = /(?:train|test)-00000-of-00001\.parquet/.exec(decodeURIComponent(body))![0]
          const entry = {
            type: 'file',
            path: `main/${path}`,
            size: parquet.length,
            oid: `oid-${path}`,
            lastCommit: { id: commit, title: 'x', date: '2024-01-01T00:00:00.000Z' },
          }
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([entry]))
        })
      } else {
        response.writeHead(200, {
          'content-length': parquet.length,
          etag: '"x"',
          'accept-ranges': 'bytes',
          'content-range': `bytes 0-${parquet.length - 1}/${parquet.length}`,
        })
        response.end(request.method === 'HEAD' ? undefined : parquet)
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  beforeEach(() => {
    requests = []
    status = undefined
    vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    vi.stubEnv('HF_HUB_CACHE', join(directory, 'hub'))
    vi.stubEnv('HF_HOME', directory)
    vi.stubEnv('HF_HUB_OFFLINE', '')
    vi.stubEnv('HF_TOKEN', 'hf_secret')
  })

  const load = () => loadTask({ name: 'gsm8k' })

  it('downloads both splits into the standard cache, with the token', async () => {
    let calls = 0
    const counting: typeof fetch = (...args) => {
      calls++
      return fetch(...args)
    }
    const task = await loadTask({ name: 'gsm8k' }, { fetch: counting })
    expect((task.prompts(Math.random, 'train') as Example[]).map(({ answer }) => answer)).toEqual(['2', '1001'])
    expect((task.prompts(Math.random, 'eval') as Example[])[0]!.id).toBe('eval-0')
    expect(calls).toBe(requests.length)
    expect(requests[0]!.headers.authorization).toBe('Bearer hf_secret')
    const snapshot = join(directory, 'hub', 'datasets--openai--gsm8k', 'snapshots', commit, 'main')
    expect(existsSync(join(snapshot, 'test-00000-of-00001.parquet'))).toBe(true)
  })

  it('needs no network once it is there and HF_HUB_OFFLINE is set', async () => {
    await load()
    requests = []
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    await load()
    expect(requests).toEqual([])
  })

  it('uses the cache where the hub does not answer', async () => {
    await load()
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9')
    expect((await load()).prompts(Math.random, 'train')).toHaveLength(2)
  })

  it.each<[number | undefined, Record<string, string>, RegExp, RegExp]>([
    [401, {}, /access denied \(status 401/, /gated, private or misspelt/],
    [404, {}, /not found at revision main/, /^$/],
    [undefined, { HF_HUB_OFFLINE: '1' }, /is not in the cache/, /HF_HUB_OFFLINE is set/],
    [undefined, { HF_ENDPOINT: 'http://127.0.0.1:9' }, /could not be fetched/, /local files/],
  ])('says what to do: status %s, %j', async (code, environment, message, hint) => {
    status = code
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    const error = await load().catch((cause: unknown) => cause)
    expect((error as Error).name).toBe('UserError')
    expect((error as Error).message).toMatch(message)
    expect((error as { hint?: string }).hint ?? '').toMatch(hint)
  })
})
