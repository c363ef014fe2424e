import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, startHubServer } from '../../test/hub-server.js'
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

  it('keeps the easier part, by the numbers in the calculations that the solution notes', async () => {
    const answers = [
      '<<20*2.5=50>>50\n#### 50',
      '<<1000/50=20>>20\n#### 20', // an operand counts as well
      '<<1,200-1,190=10>>10\n#### 10', // a separator ends no number: 1200
      '<<.5*20=10>>10 of 70 pages\n#### 10', // what is not calculated with does not count
      'All 3 of them.\n#### 3',
    ]
    const lines = answers.map((answer, i) => JSON.stringify({ question: `Question ${i}?`, answer }))
    writeFileSync(join(directory, 'train.jsonl'), lines.join('\n'))
    const questions = async (bounds: { maxSteps?: number; maxNumber?: number }) => {
      const task = await loadTask({ name: 'gsm8k', path: 'train.jsonl', ...bounds }, { baseDirectory: directory })
      return (task.prompts(Math.random, 'train') as Example[]).map(({ id }) => id)
    }
    expect(await questions({ maxNumber: 50 })).toEqual(['train-0', 'train-3'])
    expect(await questions({ maxNumber: 49.9 })).toEqual(['train-3'])
    expect(await questions({ maxNumber: 1200, maxSteps: 1 })).toEqual(['train-0', 'train-1', 'train-2', 'train-3'])
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
  let hub: HubServer

  beforeEach(async () => {
    hub = await startHubServer()
    hub.datasets['openai/gsm8k'] = {
      'main/train-00000-of-00001.parquet': parquet,
      'main/test-00000-of-00001.parquet': parquet,
      'socratic/train-00000-of-00001.parquet': parquet,
    }
    vi.stubEnv('HF_ENDPOINT', hub.url)
    vi.stubEnv('HF_HUB_CACHE', join(directory, 'hub'))
    vi.stubEnv('HF_HUB_OFFLINE', '')
    vi.stubEnv('ISENTROPE_OFFLINE', '')
    vi.stubEnv('ISENTROPE_DATA', '')
  })
  afterEach(() => hub.close())

  const load = () => loadTask({ name: 'gsm8k' })

  it('downloads both splits into the standard cache', async () => {
    const task = await loadTask({ name: 'gsm8k' })
    expect((task.prompts(Math.random, 'train') as Example[]).map(({ answer }) => answer)).toEqual(['2', '1001'])
    expect((task.prompts(Math.random, 'eval') as Example[])[0]!.id).toBe('eval-0')
    const snapshot = join(directory, 'hub', 'datasets--openai--gsm8k', 'snapshots', hub.commit, 'main')
    expect(existsSync(join(snapshot, 'test-00000-of-00001.parquet'))).toBe(true)
  })

  it('needs no network once it is there and HF_HUB_OFFLINE is set', async () => {
    await load()
    hub.requests.length = 0
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    await load()
    expect(hub.requests).toEqual([])
  })

  it('asks through the fetch that it is given', async () => {
    let calls = 0
    const counting: typeof fetch = (...args) => {
      calls++
      return fetch(...args)
    }
    await loadTask({ name: 'gsm8k' }, { fetch: counting })
    expect(calls).toBe(hub.requests.length)
  })
})
