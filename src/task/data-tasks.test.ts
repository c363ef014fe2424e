import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rngFrom } from '../base/philox.js'
import { gradeOne } from './grading.js'
import { loadTask } from './registry.js'
import { PromptStream } from './stream.js'
import type { Example, Split, Task } from './types.js'

let baseDirectory: string
const write = (name: string, rows: readonly object[]) =>
  writeFile(join(baseDirectory, name), rows.map((row) => JSON.stringify(row)).join('\n'))
const load = (spec: { name: string; [key: string]: unknown }) => loadTask(spec, { baseDirectory })
const problems = (task: Task, split: Split) => [...(task.prompts(rngFrom(1), split) as Iterable<Example>)]
const reward = async (task: Task, completion: string, answer: string, finish: 'stop' | 'length' = 'stop') =>
  (await gradeOne(task, { completion, example: { id: '0', prompt: '', answer }, info: { finish, tokens: 9 } })).reward

beforeAll(async () => {
  baseDirectory = await mkdtemp(join(tmpdir(), 'isentrope-tasks-'))
  await write('train.jsonl', [
    { question: 'What is 1 + 1?', answer: '1 and 1 are\n#### 2' },
    { question: 'What is 500 + 500?', answer: '#### 1,000' },
  ])
  await write('test.jsonl', [{ question: 'What is 2 + 1?', answer: '#### 3' }])
  await write(
    'mine.jsonl',
    Array.from({ length: 200 }, (_, i) => ({ problem: `p${i % 100} costs $&`, solution: i % 100, key: `k${i}` })),
  )
})
afterAll(() => rm(baseDirectory, { recursive: true, force: true }))

describe('gsm8k', () => {
  it('reads references after ####, and asks with an instruction', async () => {
    const task = await load({ name: 'gsm8k', path: 'train.jsonl', evalPath: 'test.jsonl', instruction: 'Be short.' })
    const train = problems(task, 'train')
    expect(train.map(({ answer }) => answer)).toEqual(['2', '1000'])
    expect(train[0]?.prompt).toEqual([{ role: 'user', content: 'What is 1 + 1?\n\nBe short.' }])
    expect(problems(task, 'eval').map(({ id }) => id)).toEqual(['eval-0'])
  })

  it.each([
    ['so it is\n#### 1,000', 1],
    ['The answer is \\boxed{1000}.', 1],
    ['#### 1001', 0],
    ['', 0],
  ])('grades %j as %d', async (completion, expected) => {
    const task = await load({ name: 'gsm8k', path: 'train.jsonl' })
    expect(await reward(task, completion, '1000')).toBe(expected)
  })

  it('gives nothing to a completion that was cut off, unless told to', async () => {
    const strict = await load({ name: 'gsm8k', path: 'train.jsonl' })
    const lenient = await load({ name: 'gsm8k', path: 'train.jsonl', requireStop: false })
    expect(await reward(strict, '#### 2', '2', 'length')).toBe(0)
    expect(await reward(lenient, '#### 2', '2', 'length')).toBe(1)
  })

  it('has no eval split of a local file alone', async () => {
    const task = await load({ name: 'gsm8k', path: 'train.jsonl' })
    await expect(new PromptStream(task, 'eval', 1).next(1)).rejects.toThrow('the eval split has no problems')
  })

  it('refuses rows of another shape', async () => {
    await write('other.jsonl', [{ prompt: 'x', answer: 'y' }])
    await expect(load({ name: 'gsm8k', path: 'other.jsonl' })).rejects.toThrow(/row 1: not a GSM8K row/)
    await write('bare.jsonl', [{ question: 'x', answer: '7' }])
    await expect(load({ name: 'gsm8k', path: 'bare.jsonl' })).rejects.toThrow(/the answer has no '####'/)
  })
})

describe('jsonl', () => {
  it('finds the usual columns and fills the template, whatever the prompt holds', async () => {
    const task = await load({ name: 'jsonl', path: 'mine.jsonl', template: 'Q: {prompt} A:' })
    const [first] = problems(task, 'train')
    expect(first).toEqual({ id: '0', prompt: [{ role: 'user', content: 'Q: p0 costs $& A:' }], answer: '0' })
  })

  it('is meant by the name of a data file, too', async () => {
    const task = await load({ name: './mine.jsonl', id: 'key', chat: false })
    expect(problems(task, 'train')[1]).toEqual({ id: 'k1', prompt: 'p1 costs $&', answer: '1' })
  })

  it('holds out by the prompt, so that repeated rows stay together', async () => {
    const task = await load({ name: 'jsonl', path: 'mine.jsonl', evalShare: 0.3, chat: false })
    const [train, held] = [problems(task, 'train'), problems(task, 'eval')]
    expect(train.length + held.length).toBe(200)
    // 0.3 of 100 prompts, five standard errors: 30 +- 23.
    expect(held.length).toBeGreaterThan(14)
    expect(held.length).toBeLessThan(106)
    const prompts = new Set(train.map(({ prompt }) => prompt))
    expect(held.some(({ prompt }) => prompts.has(prompt))).toBe(false)
  })

  it('grades by the rule named', async () => {
    const grader = async (name: string) => load({ name: 'jsonl', path: 'mine.jsonl', grader: name })
    expect(await reward(await grader('math'), '\\boxed{\\frac{1}{2}}', '0.5')).toBe(1)
    expect(await reward(await grader('exact'), '\\boxed{\\frac{1}{2}}', '0.5')).toBe(0)
    expect(await reward(await grader('dapo'), 'Answer: 5 cm', '5')).toBe(1)
    expect(await reward(await grader('number'), 'it is 3, no, 5 cm', '5')).toBe(1)
  })

  it.each([
    [{ path: 'none.jsonl' }, /none.jsonl: no such file/],
    [{}, /task jsonl: path: /],
    [{ path: 'mine.jsonl', promt: 'problem' }, /unknown key 'promt'/],
    [{ path: 'mine.jsonl', answer: 'solutoin' }, /row 1: no column 'solutoin'/],
    [{ path: 'mine.jsonl', grader: 'maths' }, /task jsonl: grader: /],
    [{ path: 'empty.jsonl' }, /empty.jsonl: has no rows/],
    [{ path: 'blank.jsonl' }, /row 1: 'answer' is empty/],
  ])('says what is wrong with %j', async (keys, message) => {
    await writeFile(join(baseDirectory, 'empty.jsonl'), '\n')
    await write('blank.jsonl', [{ prompt: 'x', answer: ' ' }])
    await expect(load({ name: 'jsonl', ...keys })).rejects.toThrow(expect.objectContaining({ name: 'UserError' }))
    await expect(load({ name: 'jsonl', ...keys })).rejects.toThrow(message)
  })
})

describe('loadTask', () => {
  it('puts the system prompt before every chat', async () => {
    const task = await load({ name: 'gsm8k', path: 'train.jsonl', system: 'You are brief.' })
    const [first] = problems(task, 'train')
    expect(first?.prompt).toHaveLength(2)
    expect(first?.prompt[0]).toEqual({ role: 'system', content: 'You are brief.' })
    const endless = await load({ name: 'countdown', system: 'Hm.' })
    const [drawn] = await new PromptStream(endless, 'train', 1).next(1)
    expect(drawn?.prompt[0]).toEqual({ role: 'system', content: 'Hm.' })
  })

  it('leaves a chat with a system message of its own as it is', async () => {
    const chat = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: '2 + 2?' },
    ]
    await write('chats.jsonl', [{ prompt: chat, answer: '4' }])
    const task = await load({ name: 'jsonl', path: 'chats.jsonl', system: 'Answer in one line.' })
    expect(problems(task, 'train')[0]?.prompt).toEqual(chat)
  })

  it('refuses a system prompt for plain text', async () => {
    const task = await load({ name: 'countdown', style: 'compact', system: 'Hm.' })
    await expect(new PromptStream(task, 'train', 1).next(1)).rejects.toThrow(/needs prompts in chat form/)
  })

  it.each([
    ['arithmetics', "Did you mean 'arithmetic'?"],
    ['nothing-like-it', 'Known: arithmetic, countdown, gsm8k, jsonl, dapo-math-17k,'],
  ])('does not know %s', async (name, hint) => {
    await expect(load({ name })).rejects.toThrow(
      expect.objectContaining({ message: `unknown task '${name}'`, hint: expect.stringContaining(hint) }),
    )
  })

  it('refuses files of another kind', async () => {
    await expect(load({ name: './task.py' })).rejects.toThrow(/task .\/task.py: neither a module nor a data file/)
  })
})
