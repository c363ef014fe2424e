import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteFile } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAs } from '../recipe/parse-recipe.js'
import { sftFormat } from '../recipe/sft-recipe.js'
import { query } from './data/duckdb.js'
import { gsm8kInstruction } from './gsm8k.js'
import { loadSftData } from './sft-data.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sft-data-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, rows: object[]) =>
  writeFileSync(join(directory, name), rows.map((row) => JSON.stringify(row)).join('\n'))
const load = (data: object) => loadSftData(parseAs({ model: 'm', data }, sftFormat).data, { baseDirectory: directory })
const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

describe('a row', () => {
  const reply = [user('q'), assistant('a')]
  it.each([
    ['a chat', { messages: reply }, {}, reply],
    [
      'a chat of ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
      },
      {},
      reply,
    ],
    ['prompt and completion', { prompt: 'q', completion: 'a' }, {}, reply],
    ['prompt and completion as chats', { prompt: [user('q')], completion: [assistant('a')] }, {}, reply],
    ['a chat as prompt', { prompt: [user('q')], response: 'a' }, {}, reply],
    ['columns of its own', { ask: 'q', tell: 'a' }, { prompt: 'ask', completion: 'tell' }, reply],
    ['a chat column of its own', { talk: { turns: reply } }, { messages: 'talk.turns' }, reply],
    ['a template', { prompt: 'q', completion: 'a' }, { template: 'Q: {prompt}' }, [user('Q: q'), assistant('a')]],
    [
      'a system message',
      { prompt: 'q', completion: 'a' },
      { system: 'Be brief.' },
      [{ role: 'system', content: 'Be brief.' }, ...reply],
    ],
    [
      'a system message of its own',
      { messages: [{ role: 'system', content: 'Own.' }, ...reply] },
      { system: 'Be brief.' },
      [{ role: 'system', content: 'Own.' }, ...reply],
    ],
    [
      'GSM8K, without its calculator notes',
      { question: 'How many?', answer: '48/2 = <<48/2=24>>24 clips\n#### 24' },
      {},
      [user(`How many?\n\n${gsm8kInstruction}`), assistant('48/2 = 24 clips\n#### 24')],
    ],
    // Without the final line it is any other data set of questions and answers.
    ['question and answer', { question: 'How many?', answer: '<<24>>' }, {}, [user('How many?'), assistant('<<24>>')]],
  ])('of %s', async (_, row, keys, messages) => {
    write('a.jsonl', [row])
    const { train } = await load({ path: 'a.jsonl', ...keys })
    expect(train).toEqual([{ messages, where: 'a.jsonl, row 1' }])
  })

  it('of texts stays text where chats are not wanted', async () => {
    write('a.jsonl', [{ prompt: 'q ', completion: 'a' }])
    expect((await load({ path: 'a.jsonl', chat: false })).train).toEqual([
      { prompt: 'q ', completion: 'a', where: 'a.jsonl, row 1' },
    ])
  })

  it.each([
    [{ messages: [user('q')] }, /row 2: the chat has no assistant message/],
    [{ messages: [{ role: 'user' }] }, /row 2, messages: a chat is a list of/],
    [{ prompt: 'q', completion: '' }, /row 2: 'completion' is empty/],
    [{ prompt: 'q' }, /row 2: no column 'completion' or 'response'/],
    [{ text: 'q' }, /row 2: no column 'prompt' or 'question'/],
  ])('that holds nothing to learn is named: %j', async (row, message) => {
    write('a.jsonl', [{ prompt: 'q', completion: 'a' }, row])
    await expect(load({ path: 'a.jsonl' })).rejects.toThrow(expect.objectContaining({ name: 'UserError' }))
    await expect(load({ path: 'a.jsonl' })).rejects.toThrow(message)
  })
})

describe('a file', () => {
  it('may be Parquet, with chats in nested columns or as JSON text', async () => {
    const messages = [user('q'), assistant('a')]
    const nested = "[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]"
    const copy = `COPY (SELECT ${nested} AS messages) TO '${join(directory, 'a.parquet')}' (FORMAT parquet)`
    for await (const _ of query(copy, []));
    parquetWriteFile({
      filename: join(directory, 'b.parquet'),
      columnData: [{ name: 'messages', data: [messages], type: 'JSON' }],
    })
    expect((await load({ path: 'a.parquet' })).train).toMatchObject([{ messages }])
    expect((await load({ path: 'b.parquet' })).train).toMatchObject([{ messages }])
  })

  it('that is missing, empty or of another kind is an error', async () => {
    write('empty.jsonl', [])
    await expect(load({ path: 'no.jsonl' })).rejects.toThrow(/no such file/)
    await expect(load({ path: 'empty.jsonl' })).rejects.toThrow('empty.jsonl: has no rows')
    await expect(load({ path: 'a.txt' })).rejects.toThrow(/no data called/)
  })
})

describe('validation examples', () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ prompt: `question ${i % 150}`, completion: `answer ${i}` }))
  const promptsOf = (examples: { messages: { content: string }[] }[]) =>
    examples.map(({ messages }) => messages[0].content)

  it('are a share by the prompt, and never trained on, duplicates included', async () => {
    write('a.jsonl', rows)
    const { train, validation } = await load({ path: 'a.jsonl', evalShare: 0.2 })
    const held = new Set(promptsOf(validation as never))
    expect(train.length + validation.length).toBe(200)
    expect(held.size).toBeGreaterThan(10)
    expect(promptsOf(train as never).filter((prompt) => held.has(prompt))).toEqual([])
  })

  it('come from their own file, whose prompts leave the training examples', async () => {
    write('a.jsonl', rows)
    write('b.jsonl', [{ prompt: 'question 7', completion: 'seven' }])
    const { train, validation } = await load({ path: 'a.jsonl', evalPath: 'b.jsonl' })
    expect(promptsOf(validation as never)).toEqual(['question 7'])
    // Questions 0 to 49 are there twice.
    expect(train.length).toBe(198)
    write('c.jsonl', rows)
    await expect(load({ path: 'a.jsonl', evalPath: 'c.jsonl' })).rejects.toThrow(/leaves no training examples/)
  })
})

describe('a task', () => {
  it('gives the prompts that training will give, and its solutions', async () => {
    write('train.jsonl', [
      { question: 'How many?', answer: '<<1+1=2>>2\n#### 2' },
      { question: 'A long one?', answer: '<<1+1=2>>2 <<2+1=3>>3\n#### 3' },
    ])
    write('test.jsonl', [{ question: 'And now?', answer: '<<2+2=4>>4\n#### 4' }])
    const task = { name: 'gsm8k', path: 'train.jsonl', evalPath: 'test.jsonl', maxSteps: 1, system: 'Count.' }
    expect(await load({ task })).toEqual({
      train: [
        {
          messages: [
            { role: 'system', content: 'Count.' },
            user(`How many?\n\n${gsm8kInstruction}`),
            assistant('2\n#### 2'),
          ],
          where: 'task gsm8k, train-0',
        },
      ],
      validation: [expect.objectContaining({ where: 'task gsm8k, eval-0' })],
    })
  })

  it('without solutions, or without end, is refused', async () => {
    write('a.jsonl', [{ prompt: 'q', answer: '7' }])
    await expect(load({ task: { name: 'jsonl', path: 'a.jsonl' } })).rejects.toThrow(/has no solution to learn/)
    await expect(load({ task: { name: 'countdown' } })).rejects.toThrow(/generates its problems/)
  })
})
