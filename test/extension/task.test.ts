/** CONTRIBUTING.md, "Add a task": one file and one entry in the registry are enough. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Task } from '../../src/task/types.js'
import { type CopiedTree, copyTree } from '../copied-tree.js'
import { writeTinyModel } from '../training/tiny-model.js'

/** The example in CONTRIBUTING.md. */
const [, task] = /^ *```ts\n *\/\/ src\/task\/reverse\.ts\n([\s\S]*?)^ *```/m.exec(
  readFileSync('CONTRIBUTING.md', 'utf8'),
)!

describe('a task that is one file and one entry in the registry', () => {
  let tree: CopiedTree
  const isentrope = (...args: string[]) => {
    const { status, stdout, stderr } = tree.run('bin/isentrope.js', args)
    return { status, text: `${stdout}${stderr}`.replaceAll(/\s+/g, ' ') }
  }

  beforeAll(() => {
    tree = copyTree()
    tree.write('src/task/reverse.ts', task!)
    const registry = 'src/task/registry.ts'
    tree.replace(
      registry,
      'import { withRewards }',
      "import { reverse, reverseSchema } from './reverse.js'\nimport { withRewards }",
    )
    tree.replace(registry, '  jsonl: {', '  reverse: { schema: reverseSchema, load: reverse },\n  jsonl: {')
    tree.build()
    const model = writeTinyModel(join(tree.root, 'tiny'))
    writeFileSync(join(model, 'chat_template.jinja'), '{{ messages[0].content }}')
    tree.write(
      'recipe.yaml',
      JSON.stringify({ model, task: { name: 'reverse', copies: 2 }, rollout: { maxNewTokens: 8 } }),
    )
  })
  afterAll(() => tree.dispose())

  it('is in the reference of recipes, with its keys', () => {
    expect(isentrope('config', 'task.copies').text).toContain('how often each word appears')
  })

  it('is checked as the others are', () => {
    const planned = (...sets: string[]) =>
      isentrope('train', join(tree.root, 'recipe.yaml'), '--dry-run', ...sets.flatMap((set) => ['--set', set]))
    expect(planned()).toMatchObject({ status: 0, text: expect.stringContaining('reverse') })
    expect(planned('task.copies=0').status).toBe(2)
    expect(planned('task.copy=1').text).toContain('copies')
    expect(planned('task.name=revers').text).toContain("Did you mean 'reverse'?")
  })

  it('gives problems of both splits and grades them', async () => {
    const { loadTask } = await import(pathToFileURL(join(tree.root, 'dist/task/registry.js')).href)
    const loaded: Task = await loadTask({ name: 'reverse', copies: 2 })
    const problems = async (split: 'train' | 'eval') => [
      ...((await loaded.prompts(() => 0, split)) as Iterable<{ id: string; answer: string }>),
    ]
    const [train, held] = [await problems('train'), await problems('eval')]
    expect(train.map(({ id }) => id)).toEqual([
      'stone-0',
      'stone-1',
      'radar-0',
      'radar-1',
      'civic-0',
      'civic-1',
      'bread-0',
      'bread-1',
    ])
    expect(held.map(({ answer }) => answer)).toEqual(['level', 'level', 'tnalp', 'tnalp'])
    const grade = (text: string, finish: 'stop' | 'length') =>
      loaded.grade(text, train[0] as never, { finish } as never)
    expect(await grade(' enots\n', 'stop')).toEqual({ reward: 1, correct: true })
    expect(await grade('enots', 'length')).toEqual({ reward: 0, correct: false })
    expect(await grade('stone', 'stop')).toEqual({ reward: 0, correct: false })
  })
})
