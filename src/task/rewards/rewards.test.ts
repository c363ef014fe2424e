import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gradeOne } from '../grading.js'
import { loadTask } from '../registry.js'
import type { Example } from '../types.js'
import { formatReward } from './format.js'
import { overlongPenalty } from './overlong.js'

describe('overlongPenalty', () => {
  // L = 100, C = 20: free to 80 tokens, then (80 - n) / 20, -1 beyond 100.
  it.each([
    [1, 0],
    [80, 0],
    [81, -1 / 20],
    [90, -0.5],
    [100, -1],
    [101, -1],
  ])('of %d tokens is %d', (tokens, expected) => {
    expect(overlongPenalty(tokens, 100, 20)).toBeCloseTo(expected, 15)
  })
})

describe('formatReward', () => {
  it.each([
    ['boxed', 'so \\boxed{1}', 1],
    ['boxed', '\\boxed{1} \\boxed{2}', 0],
    ['boxed', '\\boxed{\\frac{1}{2}', 0],
    ['boxed', 'none', 0],
    ['answer-line', 'so\nAnswer: 5\n', 1],
    ['answer-line', 'Answer: 5\nso', 0],
    ['answer-line', 'Answer: 4\nAnswer: 5', 0],
    ['answer-line', 'Answer:', 0],
    ['answer-tags', 'x <answer>5</answer>', 1],
    ['answer-tags', '<answer>5</answer> x', 0],
    ['answer-tags', '<answer>5', 0],
    ['think', '<think>a</think> b', 1],
    ['think', '<think>a</think>', 0],
    ['think', 'b <think>a</think> c', 0],
    ['think', '<think>a</think> <think>b</think> c', 0],
  ] as const)('%s: %j is %d', (format, completion, expected) => {
    expect(formatReward(completion, format)).toBe(expected)
  })

  it('takes a pattern', () => {
    expect(formatReward('a\nb', /a.b/s)).toBe(1)
    expect(formatReward('b', /^a/)).toBe(0)
  })
})

describe('rewards in a recipe', () => {
  let baseDirectory: string
  beforeAll(async () => {
    baseDirectory = await mkdtemp(join(tmpdir(), 'isentrope-rewards-'))
    await writeFile(
      join(baseDirectory, 'judge.ts'),
      `export default async (completion: string, example: { answer: string }, info: { tokens: number; signal: AbortSignal }) =>
         info.signal.aborted ? -1 : completion.length + info.tokens / 100`,
    )
    await writeFile(join(baseDirectory, 'broken.js'), "export default async () => 'good'")
    await writeFile(join(baseDirectory, 'object.js'), 'export default { reward: 1 }')
  })
  afterAll(() => rm(baseDirectory, { recursive: true, force: true }))

  const load = (rewards: unknown) => loadTask({ name: 'arithmetic', rewards }, { baseDirectory })
  const example: Example = { id: '7+5', prompt: '', answer: '12' }
  const grade = async (rewards: unknown, completion: string, tokens: number) =>
    gradeOne(await load(rewards), { completion, example, info: { finish: 'stop', tokens } })

  it('adds weighted shares to the task and lists them unweighted', async () => {
    const rewards = [
      { name: 'task', weight: 2 },
      { name: 'format', pattern: '^\\d+$', weight: 0.25 },
      { name: 'overlong', maxTokens: 10, buffer: 4, weight: 0.5 },
    ]
    // 2 * 1 + 0.25 * 1 + 0.5 * (6 - 8) / 4
    const { reward, details } = await grade(rewards, '12', 8)
    expect(reward).toBe(2)
    expect(details).toMatchObject({ right: true, rewards: { task: 1, format: 1, overlong: -0.5 } })
    expect((await grade(rewards, 'it is 12', 6)).reward).toBe(2)
    expect((await grade(rewards, '13', 6)).reward).toBe(0.25)
  })

  it('asks a function of the user, given by its path', async () => {
    // 1 * 1 + 3 * (2 + 4 / 100)
    expect((await grade([{ name: './judge.ts', weight: 3 }], '12', 4)).reward).toBeCloseTo(1 + 3 * 2.04, 12)
    expect((await grade(['./judge.ts'], '13', 4)).reward).toBeCloseTo(2.04, 12)
  })

  it('fails visibly where the function does', async () => {
    await expect(grade([{ name: './broken.js', retries: 1, pause: 0 }], '12', 4)).rejects.toThrow(
      'problem 7+5: reward ./broken.js (2 tries): returned good, not a finite number',
    )
  })

  it.each([
    ['format', /'rewards' must be a list/],
    [[{ weight: 1 }], /rewards\[0\]: must have a name/],
    [[{ name: 'formats', format: 'boxed' }], /unknown reward 'formats'/],
    [[{ name: 'format' }], /give one of 'format' and 'pattern'/],
    [[{ name: 'format', pattern: '(' }], /reward format: pattern: /],
    [[{ name: 'format', format: 'boxed', wieght: 1 }], /reward format: unknown key 'wieght'/],
    [[{ name: 'overlong', maxTokens: 4, buffer: 5 }], /buffer is above maxTokens/],
    [[{ name: 'overlong' }], /reward overlong: maxTokens: /],
    [['./none.ts'], /none.ts: no such file/],
    [['./object.js'], /the default export is object, not a function/],
  ])('says what is wrong with %j', async (rewards, message) => {
    const failure = await load(rewards).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) })
  })
})
