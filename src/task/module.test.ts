import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rngFrom } from '../config/philox.js'
import { gradeOne } from './grading.js'
import { loadTask } from './registry.js'
import type { Example } from './types.js'

let baseDirectory: string
beforeAll(async () => {
  baseDirectory = await mkdtemp(join(tmpdir(), 'isentrope-module-'))
})
afterAll(() => rm(baseDirectory, { recursive: true, force: true }))

let written = 0
/** Writes a module and loads it as a task. */
async function load(source: string, keys: Record<string, unknown> = {}, extension = 'ts') {
  const name = `./task-${written++}.${extension}`
  await writeFile(join(baseDirectory, name), source)
  return loadTask({ name, ...keys }, { baseDirectory })
}

const example: Example = { id: '7', prompt: 'x', answer: '7' }
const item = (completion: string) => ({ completion, example, info: { finish: 'stop' as const, tokens: 3 } })

describe('a task module', () => {
  it('in TypeScript, with what the package exports, becomes a task', async () => {
    const task = await load(`
      import { defineTask } from 'isentrope'
      interface Mine { id: string; prompt: string; answer: string }
      export default defineTask<Mine>({
        name: 'mine',
        prompts: (rng, split) => [{ id: '0', prompt: split, answer: String(rng() >= 0) }],
        grade(completion, example) { return { reward: Number(completion === example.answer), details: { completion } } },
      })`)
    expect(task.name).toBe('mine')
    expect(task.prompts(rngFrom(1), 'eval')).toEqual([{ id: '0', prompt: 'eval', answer: 'true' }])
    expect(await gradeOne(task, item('7'))).toEqual({ reward: 1, details: { completion: '7' } })
  })

  it('in JavaScript may be a class with a state of its own, and may import its neighbours', async () => {
    await writeFile(join(baseDirectory, 'helper.mjs'), 'export const bonus = 0.5')
    const task = await load(
      `import { bonus } from './helper.mjs'
       class Task { name = 'stateful'; bonus = bonus; prompts() { return [{ id: 'a', prompt: String(this.bonus) }] } async grade() { return this.bonus } }
       export default new Task()`,
      {},
      'mjs',
    )
    expect(task.name).toBe('stateful')
    expect(task.prompts(rngFrom(1), 'train')).toEqual([{ id: 'a', prompt: '0.5' }])
    expect((await gradeOne(task, item(''))).reward).toBe(0.5)
  })

  it('takes keys of its own as a function of them', async () => {
    const source = `export default ({ size }) => ({ name: 'sized', prompts: () => Array.from({ length: size }, (_, i) => ({ id: String(i), prompt: '' })), grade: () => 1 })`
    const task = await load(source, { size: 3, timeout: 5 }, 'js')
    expect(task.prompts(rngFrom(1), 'train')).toHaveLength(3)
  })

  it.each([
    ['export const task = 1', /has no default export, only task/],
    ['', /has no default export$/],
    ['export default 3', /the default export is number, not a task/],
    ["export default { name: 'x', prompts: () => [] }", /the default export has no 'grade'/],
    ["export default { name: 'x', prompts: [], grade: () => 0 }", /'prompts' is of type object, not function/],
    ['export default {', /cannot be loaded: /],
    ["import 'no-such-package-at-all'\nexport default {}", /cannot be loaded: .*no-such-package-at-all/s],
    ["throw new Error('on purpose')", /cannot be loaded: on purpose/],
    ["export default () => { throw new Error('size is missing') }", /task-\d+.ts: size is missing/],
  ])('%j is refused', async (source, message) => {
    const failure = await load(source).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) })
  })

  it('names what is nearly there, and keys that nobody takes', async () => {
    await expect(load("export default { name: 'x', prompts: () => [], grades: () => 0 }")).rejects.toThrow(
      expect.objectContaining({ hint: "Is 'grades' meant to be it?" }),
    )
    await expect(load("export default { name: 'x', prompts: () => [], grade: () => 0 }", { size: 1 })).rejects.toThrow(
      /unknown key 'size'/,
    )
    await expect(loadTask({ name: './missing.ts' }, { baseDirectory })).rejects.toThrow(/missing.ts: no such file/)
  })

  it('gets time and further tries for its grader, and fails visibly in the end', async () => {
    const grader = (body: string, keys: object) =>
      load(`let calls = 0; export default { name: 'judge', prompts: () => [], async grade() { calls++; ${body} } }`, {
        pause: 0,
        ...keys,
      })
    const recovers = await grader("if (calls < 3) throw new Error('busy'); return calls", { retries: 2 })
    expect((await gradeOne(recovers, item(''))).reward).toBe(3)
    const fails = await grader("throw new Error('busy ' + calls)", { retries: 1 })
    await expect(gradeOne(fails, item(''))).rejects.toThrow('task judge, problem 7: the grader (2 tries): busy 2')
    const hangs = await grader('return new Promise(() => {})', { retries: 0, timeout: 0.05 })
    await expect(gradeOne(hangs, item(''))).rejects.toThrow(
      'task judge, problem 7: the grader: no answer within 0.05 s',
    )
  })
})
