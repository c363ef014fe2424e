import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, startHubServer } from '../../test/hub-server.js'
import { loadDataset } from './data/dataset.js'
import { query } from './data/duckdb.js'
import { loadTask } from './registry.js'
import type { Example, Split, Task } from './types.js'

let directory: string
let hub: HubServer
const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
const put = (name: string, content: string | Uint8Array) => writeFileSync(join(directory, name), content)
const problems = (task: Task, split: Split) => task.prompts(Math.random, split) as Example[]
const texts = (examples: Example[]) => examples.map(({ prompt }) => (prompt as { content: string }[])[0]!.content)

const wrapped = (problem: string) =>
  'Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer ' +
  `(without quotes) where $Answer is the answer to the problem.\n\n${problem}\n\nRemember to put your answer on its own ` +
  'line after "Answer:".'

/** The original layout of DAPO-Math-17k: every problem several times, chats, nested answers. */
async function dapoParquet(count: number, copies: number): Promise<Buffer> {
  const path = join(directory, 'dapo.parquet')
  const sql =
    `COPY (SELECT [{content: replace($1, '#', (i % ${count})::VARCHAR), role: 'user'}] AS prompt, ` +
    `{ground_truth: (i % ${count})::VARCHAR, style: 'rule'} AS reward_model FROM range(${count * copies}) t(i)) ` +
    `TO '${path}' (FORMAT parquet)`
  for await (const _ of query(sql, [wrapped('Number #?')]));
  return readFileSync(path)
}

/** The same from a writer without nested types. */
const dapoAsJson = (count: number): Buffer =>
  Buffer.from(
    parquetWriteBuffer({
      columnData: [
        {
          name: 'prompt',
          data: Array.from({ length: count }, (_, i) => [{ content: wrapped(`Number ${i}?`), role: 'user' }]),
          type: 'JSON',
        },
        {
          name: 'reward_model',
          data: Array.from({ length: count }, (_, i) => ({ ground_truth: String(i) })),
          type: 'JSON',
        },
      ],
    }),
  )

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sources-'))
  hub = await startHubServer()
  vi.stubEnv('HF_ENDPOINT', hub.url)
  vi.stubEnv('HF_HUB_CACHE', join(directory, 'hub'))
  vi.stubEnv('HF_HUB_OFFLINE', '')
  vi.stubEnv('ISENTROPE_OFFLINE', '')
  vi.stubEnv('ISENTROPE_DATA', '')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
  rmSync(directory, { recursive: true })
})

describe('a benchmark by name', () => {
  beforeEach(() => {
    hub.datasets['HuggingFaceH4/aime_2024'] = {
      'data/train-00000-of-00001.parquet': Buffer.from(
        parquetWriteBuffer({
          columnData: [
            { name: 'id', data: [60, 61] },
            { name: 'problem', data: ['How many?', 'How much?'] },
            { name: 'solution', data: ['It is 204.', 'It is 25.'] },
            { name: 'answer', data: ['204', '025'] },
          ],
        }),
      ),
    }
  })

  it('gives its problems to evaluate on, graded by the verifier', async () => {
    const task = await loadTask({ name: 'aime24' })
    const held = problems(task, 'eval')
    expect(held.map(({ answer }) => answer).sort()).toEqual(['025', '204'])
    expect(texts(held).every((text) => text.endsWith('put your final answer within \\boxed{}.'))).toBe(true)
    const example = held.find(({ answer }) => answer === '025')!
    expect(await task.grade('\\boxed{25}', example, { finish: 'stop', tokens: 1 })).toMatchObject({ reward: 1 })
    expect(await task.grade('\\boxed{26}', example, { finish: 'stop', tokens: 1 })).toMatchObject({ reward: 0 })
  })

  it('refuses to be trained on', async () => {
    const task = await loadTask({ name: 'aime24' })
    expect(() => problems(task, 'train')).toThrow(/a benchmark has no problems to train on/)
    await expect(loadTask({ name: 'aime24', holdOut: 3 })).rejects.toThrow(/unknown key 'holdOut'/)
  })

  it('is taken from a local file where there is one', async () => {
    put('aime24.jsonl', lines([{ problem: 'Local?', answer: 7 }]))
    vi.stubEnv('ISENTROPE_DATA', directory)
    expect(problems(await loadTask({ name: 'aime24', instruction: '' }), 'eval')).toMatchObject([
      { prompt: [{ role: 'user', content: 'Local?' }], answer: '7' },
    ])
    expect(hub.requests).toEqual([])
    const plain = await loadTask({ name: 'aime24', instruction: 'Go.', chat: false })
    expect(problems(plain, 'eval')[0]!.prompt).toBe('Local?\n\nGo.')
  })
})

describe('dapo-math-17k', () => {
  beforeEach(async () => {
    hub.datasets['BytedTsinghua-SIA/DAPO-Math-17k'] = { 'data/dapo-math-17k.parquet': await dapoParquet(40, 3) }
  })

  it('has each problem once, without the instructions around it, and holds some out', async () => {
    const task = await loadTask({ name: 'dapo-math-17k', holdOut: 10, instruction: '' })
    const [train, held] = [texts(problems(task, 'train')), texts(problems(task, 'eval'))]
    expect([train.length, held.length]).toEqual([30, 10])
    expect([...train, ...held].sort()).toEqual(Array.from({ length: 40 }, (_, i) => `Number ${i}?`).sort())
    const other = await loadTask({ name: 'dapo-math-17k', holdOut: 10, holdOutSeed: 1, instruction: '' })
    expect(texts(problems(other, 'eval'))).not.toEqual(held)
  })

  it('counts its rows', async () => {
    expect(await loadDataset('dapo-math-17k')).toMatchObject({ rows: 120, repeated: 80, conflicting: 0 })
  })

  it('reads nested columns that a writer kept as JSON', async () => {
    const path = join(directory, 'json.parquet')
    writeFileSync(path, dapoAsJson(3))
    const { problems: found } = await loadDataset(path)
    expect(found.map(({ text, answer }) => `${text} ${answer}`).sort()).toEqual([
      'Number 0? 0',
      'Number 1? 1',
      'Number 2? 2',
    ])
  })

  it('gives dapo500 by the same rule', async () => {
    hub.datasets['BytedTsinghua-SIA/DAPO-Math-17k'] = { 'data/dapo-math-17k.parquet': await dapoParquet(510, 2) }
    const whole = await loadTask({ name: 'dapo-math-17k' })
    const part = await loadTask({ name: 'dapo500' })
    expect(problems(part, 'eval')).toEqual(problems(whole, 'eval'))
    expect(problems(part, 'eval')).toHaveLength(500)
    expect(problems(whole, 'train')).toHaveLength(10)
    expect(() => problems(part, 'train')).toThrow(/benchmark/)
    expect((await loadDataset('dapo500')).problems).toHaveLength(500)
  })
})

describe('any hub data set', () => {
  it('is a task with a column mapping', async () => {
    hub.datasets['some/set'] = {
      'train.csv': 'q,a\nOne?,1\nTwo?,2\n',
      'test.csv': 'q,a\nTwo?,2\n',
    }
    const task = await loadTask({
      name: 'some/set',
      prompt: 'q',
      answer: 'a',
      evalSplit: 'test',
      template: '{prompt}!',
    })
    expect(texts(problems(task, 'train'))).toEqual(['One?!'])
    expect(texts(problems(task, 'eval'))).toEqual(['Two?!'])
    await expect(loadTask({ name: 'some/set', split: 'dev' })).rejects.toThrow(/no file of split 'dev'/)
    // What is there under that name is not looked for on the hub.
    await expect(loadTask({ name: 'docs/guide.md' })).rejects.toThrow(/neither a module nor a data file/)
    await expect(loadTask({ name: 'quickstart/grpo.yaml' })).rejects.toMatchObject({
      hint: expect.stringMatching(/^a recipe/),
    })
    await expect(loadTask({ name: 'no/such' })).rejects.toThrow(/not found at revision main \(status 404\)/)
  })

  it('is data by its name, as files are', async () => {
    hub.datasets['some/set'] = { 'train.jsonl': lines([{ question: 'One?', label: 1 }]) }
    const { problems: found, located } = await loadDataset('some/set')
    expect(found).toMatchObject([{ text: 'One?', answer: '1' }])
    expect(located).toMatchObject({ origin: 'some/set', commit: hub.commit, files: [{ path: 'train.jsonl' }] })
    await expect(loadDataset('nothing')).rejects.toThrow(/no data called 'nothing'/)
  })
})

describe('known layouts', () => {
  it.each<[object, { text: string; answer: string; solution?: string }]>([
    [
      { prompt: [{ role: 'user', content: 'p' }], reward_model: { ground_truth: '1' } },
      { text: 'p', answer: '1' },
    ],
    [
      { prompt: wrapped('p'), solution: '2' },
      { text: 'p', answer: '2' },
    ],
    [
      { problem: 'p', label: 3 },
      { text: 'p', answer: '3' },
    ],
    [
      { question: 'p', answer: 'It is so.\n#### 1,234' },
      { text: 'p', answer: '1234', solution: 'It is so.\n#### 1,234' },
    ],
  ])('reads %j', async (row, expected) => {
    put('rows.jsonl', JSON.stringify(row))
    const { problems: found } = await loadDataset('rows.jsonl', { baseDirectory: directory })
    expect(found).toMatchObject([expected])
  })

  it('keeps a chat of several messages as it is', async () => {
    const prompt = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'p' },
    ]
    put('chat.jsonl', JSON.stringify({ prompt, answer: '1' }))
    const { problems: found } = await loadDataset('chat.jsonl', { baseDirectory: directory })
    expect(found[0]).toMatchObject({ prompt, text: 'p' })
  })
})

describe('passRates', () => {
  const task = (passRates: unknown) =>
    loadTask({ name: './p.jsonl', chat: false, passRates }, { baseDirectory: directory })
  const rates = (counts: number[]) => lines(counts.map((correct, id) => ({ id: String(id), correct, samples: 4 })))
  beforeEach(() => put('p.jsonl', lines(Array.from({ length: 5 }, (_, i) => ({ prompt: `p${i}`, answer: '1' })))))

  it('chooses and orders training problems', async () => {
    mkdirSync(join(directory, 'filtered'))
    put('filtered/rates.jsonl', rates([4, 1, 0, 3, 2]))
    const order = async (spec: object) =>
      [...((await task({ path: 'filtered', ...spec })).prompts(() => 0.5, 'train') as Iterable<Example>)].map(
        ({ prompt }) => prompt,
      )
    expect(await order({ keep: '(0, 1)' })).toEqual(['p1', 'p3', 'p4'])
    expect(await order({ keep: '(0, 1]', order: 'easy-first' })).toEqual(['p0', 'p3', 'p4', 'p1'])
    expect(await order({ order: 'hard-first' })).toEqual(['p2', 'p1', 'p4', 'p3', 'p0'])
  })

  it('says what is wrong with rates or ranges', async () => {
    put('other.jsonl', lines([{ id: 'x', correct: 1, samples: 2 }]))
    put('bad.jsonl', lines([{ id: 'x', correct: 3, samples: 2 }]))
    put('all.jsonl', rates([4, 4]))
    await expect(task({ path: 'bad.jsonl' })).rejects.toThrow(/row 1: not a pass rate/)
    await expect(task({ path: 'none.jsonl' })).rejects.toThrow(/no such file/)
    await expect(task({ path: 'all.jsonl', keep: '1' })).rejects.toThrow(/no range of pass rates/)
    await expect(task({ path: 'all.jsonl', ordre: 'x' })).rejects.toThrow(/passRates/)
    const other = await task({ path: 'other.jsonl' })
    expect(() => problems(other, 'train')).toThrow(/has rates of none of its problems/)
    const none = await task({ path: 'all.jsonl', keep: '(0, 1)' })
    expect(() => problems(none, 'train')).toThrow(/no problem has a pass rate in/)
  })
})
