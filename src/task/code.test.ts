import { describe, expect, it } from 'vitest'
import { type RewardEntry, requireNoCode, takeCode } from './code.js'
import { gradeOne } from './grading.js'
import { loadTask } from './registry.js'
import { defineReward } from './rewards/types.js'
import { defineTask, type Example } from './types.js'

interface Word extends Example {
  word: string
}
const words = defineTask<Word>({
  name: 'words',
  prompts: () => [{ id: 'a', prompt: 'p', word: 'ab' }],
  grade: (completion, { word }) => (completion === word ? 1 : 0),
})
const brief = defineReward<Word>(function brief(completion, { word }) {
  return completion.length <= word.length ? 1 : 0
})
const long = defineReward({ name: 'long', weight: -0.5, reward: (completion) => completion.length })

describe('tasks and rewards of a program', () => {
  it('are named in the recipe, which stays JSON', () => {
    const { recipe, code } = takeCode({ task: words, rewards: [brief, long, { name: 'task', weight: 2 }], seed: 3 })
    expect(recipe).toEqual({
      seed: 3,
      task: {
        name: 'words',
        fromCode: true,
        rewards: [
          { name: 'brief', weight: 1, fromCode: true },
          { name: 'long', weight: -0.5, fromCode: true },
          { name: 'task', weight: 2 },
        ],
      },
    })
    expect(JSON.parse(JSON.stringify(recipe))).toEqual(recipe)
    expect([...code.tasks.keys(), ...code.rewards.keys()]).toEqual(['words', 'brief', 'long'])
  })

  it('grade as their sum', async () => {
    const { recipe, code } = takeCode({ task: words, rewards: [brief, long, { name: 'task', weight: 2 }] })
    const task = await loadTask(recipe.task as { name: string }, { code })
    const [example] = [...(task.prompts(Math.random, 'train') as Iterable<Example>)]
    const grade = await gradeOne(task, { completion: 'ab', example: example!, info: { finish: 'stop', tokens: 2 } })
    // 2 * 1 + 1 * 1 - 0.5 * 2
    expect(grade.reward).toBe(2)
    expect(grade.details).toMatchObject({ rewards: { task: 1, brief: 1, long: 2 } })
  })

  it('go with a task that the recipe names, and with its kinds of reward', async () => {
    const { recipe, code } = takeCode({
      task: { name: 'arithmetic', max: 3 },
      rewards: [() => 1, { name: 'format', pattern: '^\\d' }],
    })
    const task = await loadTask(recipe.task as { name: string }, { code })
    const info = { finish: 'stop', tokens: 1 } as const
    const { reward } = await gradeOne(task, { completion: '5', example: { id: '2+3', prompt: '', answer: '5' }, info })
    expect(reward).toBe(3)
  })

  it.each<[string, RewardEntry[], string[]]>([
    ['two arrows', [() => 1, () => 2], ['reward2', 'reward3']],
    ['behind the task', [{ name: 'task' }, () => 1, brief, () => 2], ['task', 'reward2', 'brief', 'reward4']],
    ['among others', ['./r.ts', () => 1], ['reward3']],
  ])('without a name are counted, the task first: %s', (_, rewards, names) => {
    const { recipe } = takeCode({ task: words, rewards })
    const { rewards: listed } = recipe.task as unknown as { rewards: ({ name: string } | string)[] }
    expect(listed.flatMap((one) => (typeof one === 'string' ? [] : [one.name]))).toEqual(names)
  })

  it.each<[string, () => unknown, string]>([
    ['equal names', () => takeCode({ task: words, rewards: [brief, { name: 'brief', reward: () => 1 }] }), "'brief'"],
    [
      'a counted name',
      () => takeCode({ task: words, rewards: [() => 1, { name: 'reward2', reward: () => 1 }] }),
      "'reward2'",
    ],
    [
      "the task's name",
      () => takeCode({ task: words, rewards: [{ name: 'task', reward: () => 1 }] }),
      "task's own reward",
    ],
    ['two lists', () => takeCode({ task: { name: 'arithmetic', rewards: [] }, rewards: [brief] }), 'both given'],
    [
      'two tasks of one name',
      () => takeCode({ task: words, eval: { task: { ...words } } }),
      "two tasks have the name 'words'",
    ],
    ['no function', () => takeCode({ task: words, rewards: [3 as never] }), '3 is neither'],
  ])('refuses %s', (_, take, message) => {
    expect(take).toThrow(message)
  })

  it('are missed where the program is not there, and the call is shown', async () => {
    const { recipe } = takeCode({ task: words })
    const error = await loadTask(recipe.task as { name: string }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'UserError', hint: expect.stringContaining('await train(') })
    const rewarded = takeCode({ task: { name: 'arithmetic' }, rewards: [brief] }).recipe
    await expect(loadTask(rewarded.task as { name: string })).rejects.toThrow('reward brief')
    expect(() => requireNoCode(rewarded.task as { name: string }, 'runs/a')).toThrow('reward brief')
    expect(() => requireNoCode({ name: 'arithmetic' }, 'runs/a')).not.toThrow()
  })
})
