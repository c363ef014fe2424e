import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gradeOne, rewardParts } from '../grading.js'
import { loadTask } from '../registry.js'
import { formatReward } from './format.js'
import { overlongPenalty } from './overlong.js'

describe('overlongPenalty', () => {
  // DAPO's own setting, L = 20480 and C = 4096 tokens: free up to 16384, -1/2 half way.
  it.each([
    [0, 0],
    [16384, 0],
    [16385, -1 / 4096],
    [18432, -0.5],
    [20480, -1],
    [20481, -1],
  ])('%d tokens: %d', (tokens, penalty) => {
    expect(overlongPenalty(tokens, 20480, 4096)).toBe(penalty)
  })
})

describe('formatReward', () => {
  it.each([
    ['boxed', 'so \\boxed{4}', 1],
    ['boxed', '\\boxed{4} \\boxed{5}', 0],
    ['boxed', '\\boxed{4', 0],
    ['answer-line', 'text\nAnswer: 4\n', 1],
    ['answer-line', 'Answer: 4\ntext', 0],
    ['answer-line', 'Answer: 3\nAnswer: 4', 0],
    ['answer-tags', '<answer>4</answer>\n', 1],
    ['answer-tags', '<answer>4</answer> more', 0],
    ['answer-tags', '</answer>4<answer>', 0],
    ['think', '<think>a</think> b', 1],
    ['think', '<think>a</think>', 0],
    ['think', 'b <think>a</think> b', 0],
  ] as const)('%s: %j gives %d', (format, completion, reward) => {
    expect(formatReward(completion, format)).toBe(reward)
  })

  it.each([
    // The template of a reasoning model opens the tag: "<|assistant|><think>\n".
    ['a</think> b', 1],
    ['a', 0],
    ['a</think>', 0],
    ['<think>a</think> b', 0],
    ['a</think> b</think> c', 0],
  ])('think behind a prompt that opens it: %j gives %d', (completion, reward) => {
    expect(formatReward(completion, 'think', '<|user|>Hi<|assistant|><think>\n')).toBe(reward)
    expect(formatReward(`<think>${completion}`, 'think', '<|user|>Hi<think>\n<|assistant|>')).toBe(reward)
  })

  it('takes a pattern', () => {
    expect(formatReward('a\nb', /a.b/s)).toBe(1)
    expect(formatReward('ab', /^b/)).toBe(0)
  })
})

describe('combined rewards', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewards-'))
    writeFileSync(
      join(directory, 'short.ts'),
      'export default async (completion: string) => (completion.length < 6 ? 1 : 0)',
    )
    writeFileSync(join(directory, 'broken.ts'), 'export default () => Number.NaN')
    writeFileSync(join(directory, 'no-function.ts'), 'export default 3')
    writeFileSync(join(directory, 'throws.mjs'), 'export default (text) => {\n  return text.parts.length\n}\n')
    writeFileSync(join(directory, 'throws.ts'), "\nexport default async () => {\n  throw new Error('down')\n}\n")
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  const load = (rewards: unknown) => loadTask({ name: 'arithmetic', rewards }, { baseDirectory: directory })
  const example = { id: '2+3', prompt: '', answer: '5' }
  const graded = async (rewards: unknown, completion: string, tokens = 1) =>
    gradeOne(await load(rewards), { completion, example, info: { finish: 'stop', tokens } })

  it('adds weighted rewards to the task and lists each', async () => {
    const rewards = [
      { name: 'task', weight: 2 },
      { name: 'format', pattern: '^\\d+$', weight: 0.5 },
      { name: 'overlong', maxTokens: 20, buffer: 10 },
      { name: './short.ts', weight: 0.1 },
    ]
    // 2 * 1 + 0.5 * 1 + (10 - 15)/10 + 0.1 * 1 = 2.1
    const { reward, details } = await graded(rewards, '5', 15)
    expect(reward).toBeCloseTo(2.1, 12)
    expect(details).toMatchObject({ right: true, rewards: { task: 1, format: 1, overlong: -0.5, './short.ts': 1 } })
    expect((await graded(rewards, 'wrong 6', 15)).reward).toBeCloseTo(-0.5, 12)
  })

  it('keeps the verdict of the task, and two rewards of one name apart', async () => {
    const rewards = [
      { name: 'task', weight: 0.5 },
      { name: 'format', pattern: '^\\d+$', weight: -0.25 },
      { name: 'format', format: 'boxed', weight: 0.25 },
      { name: 'overlong', maxTokens: 20, buffer: 10 },
    ]
    // 0.5 * 1 - 0.25 * 1 + 0.25 * 0 - 1
    const right = await graded(rewards, '5', 30)
    expect(right).toMatchObject({ reward: -0.75, correct: true, taskReward: 1 })
    expect(rewardParts(right)).toEqual({
      parts: { task: 1, format: 1, 'format-2': 0, overlong: -1 },
      taskReward: 1,
    })
    // A wrong answer that is paid more than the right one stays wrong.
    expect(await graded([{ name: 'format', pattern: '.', weight: 3 }], '6')).toMatchObject({
      reward: 3,
      correct: false,
    })
    expect(rewardParts(await graded([{ name: 'task', weight: 0 }, './short.ts'], '6'))).toEqual({
      parts: { task: 0, './short.ts': 1 },
      taskReward: undefined,
    })
  })

  it('sums shares that cancel to exactly 0', async () => {
    const always = (weight: number) => ({ name: 'format', pattern: '.', weight })
    // 0.1 + 0.2 - 0.3 = 5.6e-17 in doubles.
    expect((await graded([always(0.1), always(0.2), always(-0.3)], '6')).reward).toBe(0)
    expect((await graded([always(0.1), always(-0.0999999)], '6')).reward).toBeCloseTo(1e-7, 15)
  })

  it.each([
    ['throws.mjs', "Cannot read properties of undefined (reading 'length')", '2:21'],
    ['throws.ts', 'down', '3:9'],
  ])('names the line of %s that throws', async (file, message, place) => {
    await expect(graded([{ name: `./${file}`, retries: 0 }], '5')).rejects.toMatchObject({
      name: 'GraderError',
      message: `task arithmetic, problem 2+3: reward ./${file}: ${message}`,
      hint: `thrown at ${join(directory, file)}:${place}`,
    })
  })

  it('fails visibly where a reward does', async () => {
    await expect(graded([{ name: './broken.ts', retries: 0 }], '5')).rejects.toMatchObject({
      name: 'GraderError',
      message: 'task arithmetic, problem 2+3: reward ./broken.ts: returned NaN, not a finite number',
    })
  })

  it.each([
    ['format', "'rewards' must be a list"],
    [['formt'], "unknown reward 'formt'"],
    [[{ weight: 1 }], 'rewards[0]: must have a name'],
    [['format'], "give one of 'format' and 'pattern'"],
    [[{ name: 'format', pattern: '(' }], 'reward format: pattern:'],
    [[{ name: 'overlong', maxTokens: 5 }], 'reward overlong: buffer:'],
    [[{ name: 'overlong', maxTokens: 5, buffer: 6 }], 'buffer is above maxTokens'],
    [[{ name: 'task', wieght: 1 }], "unknown key 'wieght'"],
    [['task', { name: 'task', weight: 2 }], "rewards[1]: the task's own reward is listed twice"],
    [['./no-function.ts'], 'the default export is number, not a function'],
    [['./none.ts'], 'no such file'],
  ])('refuses %j', async (rewards, message) => {
    const error = await load(rewards).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'UserError' })
    expect((error as Error).message).toContain(message)
  })
})
