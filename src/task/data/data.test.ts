import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTask } from '../registry.js'
import { PromptStream } from '../stream.js'
import type { Example, Grade, Task } from '../types.js'
import { readRows } from './rows.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'task-data-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const put = (name: string, content: string | Uint8Array): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}
const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
const all = (task: Task, split: 'train' | 'eval' = 'train') => [...(task.prompts(Math.random, split) as Example[])]
const load = (spec: object) => loadTask({ name: 'jsonl', ...spec }, { baseDirectory: directory })
const stop = { finish: 'stop', tokens: 1 } as const

const rows = [
  { question: 'What is 1 + 1?', answer: '2' },
  { question: 'What is "half", or 1/2?', answer: '0.5' },
]

describe('readRows', () => {
  const parquet = new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'question', data: rows.map(({ question }) => question) },
        { name: 'answer', data: rows.map(({ answer }) => answer) },
      ],
    }),
  )
  it.each<[string, string | Uint8Array]>([
    ['a.jsonl', `\ufeff${lines(rows)}\r\n\n`],
    ['a.ndjson', lines(rows)],
    ['a.json', JSON.stringify(rows)],
    ['a.csv', '\ufeffquestion,answer\nWhat is 1 + 1?,2\n\n"What is ""half"", or 1/2?",0.5\n'],
    ['a.parquet', parquet],
  ])('reads %s', async (name, content) => {
    expect(await readRows(put(name, content))).toEqual(rows)
  })

  it.each<[string, string, RegExp]>([
    ['b.jsonl', '{"a":1}\n{"a":', /b\.jsonl, line 2: not JSON/],
    ['c.jsonl', '{"a":1}\n\n[1]', /c\.jsonl, line 3: not a JSON object/],
    ['b.json', '{"a":1}', /b\.json: holds no array/],
    ['c.json', '[1]', /c\.json, row 1: not a JSON object/],
    ['b.csv', 'a,b\n1,2,3\n', /b\.csv: not readable as CSV: .*line 2/],
    ['b.parquet', 'PAR1 but not really', /b\.parquet: not a readable Parquet file/],
    ['empty.parquet', '', /empty\.parquet: not a readable Parquet file/],
    ['b.xml', '<a/>', /not a data file that this reads/],
  ])('refuses %s', async (name, content, message) => {
    await expect(readRows(put(name, content))).rejects.toThrow(message)
    await expect(readRows(join(directory, name))).rejects.toHaveProperty('name', 'UserError')
  })

  it('names a file that is missing or a directory', async () => {
    await expect(readRows(join(directory, 'none.jsonl'))).rejects.toThrow('none.jsonl: no such file')
    await expect(readRows(directory)).rejects.toThrow('not a file')
  })
})

describe('the task jsonl', () => {
  it.each([
    [{ prompt: 'p', answer: 'a' }],
    [{ question: 'p', solution: 'a' }],
    [{ problem: 'p', label: 'a' }],
    [{ prompt: [{ role: 'user', content: 'p' }], reward_model: { ground_truth: 'a' } }],
  ])('knows the layout %j', async (row) => {
    const task = await load({ path: put('layout.jsonl', JSON.stringify(row)) })
    expect(all(task)).toEqual([{ id: '0', prompt: [{ role: 'user', content: 'p' }], answer: 'a' }])
  })

  it('maps columns, puts the prompt into its template, takes numbers as answers', async () => {
    const path = put('map.jsonl', JSON.stringify({ key: 7, meta: { text: 'p $& p' }, value: 70.0 }))
    const spec = { path, prompt: 'meta.text', answer: 'value', id: 'key', template: 'Q: {prompt}\nA:', chat: false }
    expect(all(await load(spec))).toEqual([{ id: '7', prompt: 'Q: p $& p\nA:', answer: '70' }])
  })

  it('grades by its rule, and rewards nothing that ran into the limit', async () => {
    const path = put('grade.jsonl', lines([{ prompt: 'p', answer: '1/2' }]))
    const [math, exact, lenient] = [
      await load({ path }),
      await load({ path, grader: 'exact' }),
      await load({ path, requireStop: false }),
    ]
    const reward = async (task: Task, finish: 'stop' | 'length' = 'stop') =>
      ((await task.grade('\\boxed{0.5}', all(task)[0]!, { finish, tokens: 1 })) as Grade).reward
    expect([await reward(math), await reward(exact), await reward(lenient)]).toEqual([1, 0, 1])
    expect([await reward(math, 'length'), await reward(lenient, 'length')]).toEqual([0, 1])
  })

  it('holds out a share that does not depend on the order, duplicates together', async () => {
    const many = Array.from({ length: 400 }, (_, i) => ({ prompt: `p${i % 200}`, answer: '1' }))
    const splits = async (given: object[]) => {
      const task = await load({ path: put('split.jsonl', lines(given)), evalShare: 0.25 })
      const texts = (split: 'train' | 'eval') =>
        new Set(all(task, split).map(({ prompt }) => (prompt as { content: string }[])[0]!.content))
      return [texts('train'), texts('eval')] as const
    }
    const [train, held] = await splits(many)
    expect(held.size).toBeGreaterThan(30)
    expect(held.size).toBeLessThan(70)
    expect([...held].filter((text) => train.has(text))).toEqual([])
    expect((await splits([...many].reverse()))[1]).toEqual(held)
  })

  it('keeps the problems of evalPath out of training', async () => {
    const path = put('train.jsonl', lines(rows))
    const task = await load({ path, evalPath: put('eval.jsonl', lines([rows[1]!])) })
    expect(all(task).length).toBe(1)
    expect(all(task, 'eval').length).toBe(1)
  })

  it.each<[string, object[], object, string, string]>([
    ['no answer column', [{ prompt: 'p' }], {}, "row 1: no column 'answer'", 'Its columns: prompt.'],
    ['a misspelt column', [{ prompt: 'p', answr: 'a' }], { answer: 'answer' }, "no column 'answer'", "'answr'"],
    ['an empty answer', [{ prompt: 'p', answer: ' ' }], {}, "'answer' is empty", ''],
    ['a chat without roles', [{ prompt: [{ text: 'p' }], answer: 'a' }], {}, 'a chat is a list of {role, content}', ''],
    ['no rows', [], {}, 'has no rows', ''],
  ])('refuses %s', async (_, given, spec, message, hint) => {
    const path = put('wrong.jsonl', lines(given))
    const error = await load({ path, ...spec }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'UserError' })
    expect((error as Error).message).toContain(message)
    expect((error as { hint?: string }).hint ?? '').toContain(hint)
  })
})

describe('loadTask', () => {
  it("takes a data file's name for a task, with its keys and the common ones", async () => {
    put('named.csv', 'problem,answer\nOne?,1\n')
    const task = await loadTask(
      { name: './named.csv', template: '{prompt}!', system: 'Be brief.' },
      { baseDirectory: directory },
    )
    const [example] = await new PromptStream(task, 'train', 1).next(1)
    expect(example!.prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?!' },
    ])
    expect(await task.grade('Answer: 1.0', example!, stop)).toMatchObject({ reward: 1 })
  })

  it('refuses a system prompt where prompts are plain text', async () => {
    const task = await loadTask({ name: 'countdown', style: 'compact', system: 'x' })
    await expect(new PromptStream(task, 'train', 1).next(1)).rejects.toThrow("'system' needs prompts in chat form")
  })

  it.each([
    [{ name: 'arithmtic' }, "unknown task 'arithmtic'", "Did you mean 'arithmetic'?"],
    [{ name: 'toString' }, "unknown task 'toString'", ''],
    [{ name: './a.txt' }, 'neither a module nor a data file', '.jsonl'],
    [{ name: 'jsonl' }, 'task jsonl: path:', ''],
    [{ name: 'jsonl', path: 'x', colour: 1 }, "unknown key 'colour'", ''],
    [{ name: 'arithmetic', system: 3 }, 'task arithmetic: system:', ''],
  ])('refuses %j', async (spec, message, hint) => {
    const error = await loadTask(spec, { baseDirectory: directory }).catch((cause: unknown) => cause)
    expect((error as Error).message).toContain(message)
    expect((error as { hint?: string }).hint ?? '').toContain(hint)
  })
})
