import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gradeAll, gradeOne } from './grading.js'
import { loadTask } from './registry.js'
import { PromptStream } from './stream.js'
import type { Task } from './types.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'task-module-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

let count = 0
const load = (source: string, keys: object = {}): Promise<Task> => {
  const name = `./task-${count++}.ts`
  writeFileSync(join(directory, name), source)
  return loadTask({ name, ...keys }, { baseDirectory: directory })
}
const graded = (task: Task, completion = 'abc') =>
  gradeOne(task, { completion, example: { id: 'p1', prompt: '' }, info: { finish: 'stop', tokens: 3 } })
const taskWith = (grade: string) =>
  `export default { name: 'mine', prompts: () => [{ id: 'p1', prompt: 'x' }], grade: ${grade} }`

describe('a module of the user', () => {
  it('is TypeScript, imports from isentrope, and keeps its state', async () => {
    const task = await load(`
      import { defineTask } from 'isentrope'
      interface Mine { id: string; prompt: string; goal: number; [key: string]: unknown }
      class Lengths {
        private calls = 0
        readonly name = 'lengths';
        *prompts(rng: () => number): Generator<Mine> { for (let i = 0; ; i++) yield { id: String(i), prompt: 'x', goal: rng() } }
        grade(completion: string): number { return completion.length + this.calls++ }
      }
      export default defineTask<Mine>(new Lengths())
    `)
    expect(task.name).toBe('lengths')
    expect((await new PromptStream(task, 'train', 1).next(2)).map(({ id }) => id)).toEqual(['0', '1'])
    expect([(await graded(task)).reward, (await graded(task)).reward]).toEqual([3, 4])
  })

  it("may be a function of the recipe's keys", async () => {
    const source = `export default async (options: { weight: number }) => (${taskWith('(c) => c.length * options.weight').replace('export default ', '')})`
    expect((await graded(await load(source, { weight: 2, retries: 0 }))).reward).toBe(6)
    await expect(load(taskWith('() => 1'), { weight: 2 })).rejects.toThrow("unknown key 'weight'")
    await expect(load('export default () => { throw new Error("weight is missing") }')).rejects.toThrow(
      'weight is missing',
    )
  })

  it('may ask a judge over HTTP', async () => {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => response.end(JSON.stringify({ score: JSON.parse(body).text.length / 10 })))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const task = await load(
      taskWith(`async (text) => {
        const response = await fetch('${url}', { method: 'POST', body: JSON.stringify({ text }) })
        const { score } = await response.json()
        return { reward: score, details: { judge: 'length' } }
      }`),
    )
    const items = ['a', 'bb', 'ccc'].map((completion) => ({
      completion,
      example: { id: completion, prompt: '' },
      info: { finish: 'stop', tokens: 1 } as const,
    }))
    expect(await gradeAll(task, items, { concurrency: 2 })).toEqual(
      [0.1, 0.2, 0.3].map((reward) => ({ reward, details: { judge: 'length' } })),
    )
    await new Promise((resolve) => server.close(resolve))
  })

  it('is tried again after a failure, as often as it says', async () => {
    const flaky = `let calls = 0\n${taskWith('() => { if (++calls < 3) throw new Error("busy"); return calls }')}`
    expect((await graded(await load(flaky, { retries: 2, pause: 0 }))).reward).toBe(3)
    await expect(load(flaky, { retries: 1, pause: 0 }).then((task) => graded(task))).rejects.toMatchObject({
      name: 'GraderError',
      message: 'task mine, problem p1: the grader (2 tries): busy',
    })
  })

  it.each([
    ['never answers', '() => new Promise(() => {})', 'no answer within 0.05 s'],
    ['throws text', '() => { throw "no" }', 'the grader: no'],
    ['returns NaN', '() => NaN', 'the reward is NaN, not a finite number'],
    ['returns nothing', '() => undefined', 'the reward is undefined'],
    ['returns text', '() => ({ reward: "1" })', 'the reward is "1", not a finite number'],
  ])('fails visibly where its grader %s', async (_, grade, message) => {
    const task = await load(taskWith(grade), { timeout: 0.05, retries: 0 })
    await expect(graded(task)).rejects.toMatchObject({
      name: 'GraderError',
      message: expect.stringMatching(/^task mine, problem p1: /),
    })
    await expect(graded(task)).rejects.toThrow(message)
  })

  it.each([
    ['export const task = 1', 'has no default export, only task'],
    ['', 'has no default export'],
    ['export default {', 'cannot be loaded'],
    ['throw new Error("at import")', 'cannot be loaded: at import'],
    ['export default 3', 'the default export is number, not a task'],
    ['export default null', 'the default export is null'],
    ["export default { name: 'x', prompts: () => [] }", "has no 'grade'"],
    ["export default { name: 'x', prompts: [], grade: () => 1 }", "'prompts' is of type object, not function"],
  ])('is refused as %j', async (source, message) => {
    const error = await load(source).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'UserError' })
    expect((error as Error).message).toContain(message)
  })

  it('points at a misspelt part', async () => {
    const error = await load("export default { name: 'x', prompt: () => [], grade: () => 1 }").catch((e: unknown) => e)
    expect(error).toMatchObject({ hint: "Is 'prompt' meant to be it?" })
  })

  it('is refused where there is no file', async () => {
    await expect(loadTask({ name: './none.ts' }, { baseDirectory: directory })).rejects.toThrow('no such file')
  })
})
