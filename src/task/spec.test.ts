import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { loadRecipe } from '../recipe/load-recipe.js'
import { loadTask } from './registry.js'
import { parseSpec } from './spec.js'

const schema = z.object({ targetMin: z.number().optional(), evalShare: z.number().optional() })

it.each([
  ['target_min', "Did you mean 'targetMin'?"],
  ['TargetMin', "Did you mean 'targetMin'?"],
  ['trgtMin', "Did you mean 'targetMin'?"],
  ['sytem', "Did you mean 'system'?"],
  ['pass_rate', "Did you mean 'passRates'?"],
  ['reward', "Did you mean 'rewards'?"],
  ['zebra', 'Known: name, targetMin, evalShare, system, template, rewards, passRates.'],
])('an unknown key of a task, %s, is told with what was meant', (key, hint) => {
  const error = (() => {
    try {
      parseSpec(schema, { name: 'any', [key]: 1 })
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(UserError)
  expect(error).toMatchObject({ message: `task any: unknown key '${key}'`, hint })
})

it('another thing with keys has no keys of a task', () => {
  expect(() => parseSpec(schema, { name: 'any', sytem: 1 }, 'reward')).toThrow(
    expect.objectContaining({ hint: 'Known: name, targetMin, evalShare.' }),
  )
})

const options = z.object({
  count: z.int().min(2).max(5).default(4).describe('numbers per problem'),
  style: z.enum(['compact', 'chat']).default('chat').describe('short text, or a chat'),
  path: z.string().describe('file of problems'),
  useAll: z.boolean().optional().describe('every number once'),
  operations: z
    .array(z.enum(['+', '-']))
    .nonempty()
    .default(['+'])
    .describe('which of + -'),
})

it.each<[object, string, string]>([
  [
    { count: 'two' },
    'count: must be a number (got "two")',
    'count: numbers per problem (whole number >= 2, <= 5, default 4)',
  ],
  [
    { count: 2.5 },
    'count: must be a whole number (got 2.5)',
    'count: numbers per problem (whole number >= 2, <= 5, default 4)',
  ],
  [{ count: 9 }, 'count: must be at most 5 (got 9)', 'count: numbers per problem (whole number >= 2, <= 5, default 4)'],
  [
    { style: 'compct' },
    'style: must be one of compact, chat (got "compct"); did you mean compact?',
    'style: short text, or a chat (compact | chat, default chat)',
  ],
  [{ path: undefined }, 'path: is required. file of problems', 'path: file of problems (text)'],
  [{ useAll: 'yes' }, 'useAll: must be true or false (got "yes")', 'useAll: every number once (true | false)'],
  [{ operations: [] }, 'operations: must not be empty', 'operations: which of + - (list of + | -, default [+])'],
  [
    { operations: ['*'] },
    'operations.0: must be one of +, - (got "*")',
    'operations: which of + - (list of + | -, default [+])',
  ],
])('a bad value of a task, %j, is told with what was found and what the key takes', (given, problem, hint) => {
  expect(() => parseSpec(options, { name: 'any', path: 'a', ...given })).toThrow(
    expect.objectContaining({ name: 'UserError', message: `task any: ${problem}`, hint }),
  )
})

it('all bad values are told at once', () => {
  expect(() => parseSpec(options, { name: 'any', path: 1, count: 1 })).toThrow(
    expect.objectContaining({
      message: 'task any has 2 problems\n  count: must be at least 2 (got 1)\n  path: must be text (got 1)',
      hint: 'count: numbers per problem (whole number >= 2, <= 5, default 4); path: file of problems (text)',
    }),
  )
})

it("a bad value of a recipe's task is told with file, line and column, or with the --set that it comes from", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'isentrope-spec-'))
  try {
    const path = join(directory, 'recipe.yaml')
    const task = 'task:\n  name: countdown\n  count: two\n'
    writeFileSync(path, `model: m\ntrain: { steps: 1 }\n${task}`)
    await expect(loadTask(loadRecipe(path).task)).rejects.toMatchObject({
      message: `${path}:5:3: task countdown: count: must be a number (got "two")`,
      hint: 'count: numbers per problem (whole number >= 2, <= 5, default 4)',
    })
    const sets = ['task.count=3', 'task.cuont=3']
    await expect(loadTask(loadRecipe(path, sets).task)).rejects.toThrow(
      "--set task.cuont=3: task countdown: unknown key 'cuont'",
    )
    await expect(loadTask(loadRecipe(path, ['task.min=x']).task)).rejects.toThrow(
      `task countdown has 2 problems\n  ${path}:5:3: count: must be a number (got "two")\n` +
        '  --set task.min=x: min: must be a number (got "x")',
    )
    writeFileSync(path, 'model: m\ntrain: { steps: 1 }\ntask:\n  name: arithmetic\n  passRates:\n    order: hard\n')
    await expect(loadTask(loadRecipe(path).task)).rejects.toThrow(
      'task arithmetic, passRates has 2 problems\n' +
        `  ${path}:5:3: path: is required. directory that \`filter\` wrote, or a file of id, correct and samples\n` +
        `  ${path}:6:5: order: must be one of shuffled, easy-first, hard-first (got "hard")`,
    )
    writeFileSync(
      path,
      'model: m\ntrain: { steps: 1 }\ntask:\n  name: arithmetic\n  rewards:\n    - task\n' +
        '    - name: overlong\n      buffer: 2\n      weight: much\n      maxTokens: 4\n',
    )
    await expect(loadTask(loadRecipe(path).task)).rejects.toThrow(
      `${path}:9:7: reward overlong: weight: must be a number (got "much")`,
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})
