import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Solver } from './countdown/solve.js'
import { gradeOne } from './grading.js'
import { loadTask } from './registry.js'
import { PromptStream } from './stream.js'

const page = readFileSync(new URL('../../docs/tasks.md', import.meta.url), 'utf8')

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'task-docs-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('docs/tasks.md', () => {
  it('has an example of a task that works as it stands', async () => {
    const code = /<!-- a test runs this -->\s*```ts\n([\s\S]*?)```/.exec(page)![1]!
    writeFileSync(join(directory, 'reverse.ts'), code)
    const task = await loadTask(
      { name: './reverse.ts', timeout: 60, retries: 2, pause: 1, system: 'Be brief.' },
      { baseDirectory: directory },
    )
    const train = await new PromptStream(task, 'train', 1).next(4)
    const held = await new PromptStream(task, 'eval', 1).next(2)
    expect([...train, ...held].map(({ id }) => id).sort()).toEqual([
      ...['bread', 'civic', 'level', 'plant', 'radar', 'stone'],
    ])
    const stone = train.find(({ id }) => id === 'stone')!
    expect(stone.prompt[0]).toEqual({ role: 'system', content: 'Be brief.' })
    const grade = (completion: string, finish: 'stop' | 'length') =>
      gradeOne(task, { completion, example: stone, info: { finish, tokens: 1 } })
    expect(await grade(' Enots\n', 'stop')).toEqual({ reward: 1, correct: true, details: { right: true } })
    expect(await grade('enots', 'length')).toEqual({ reward: 0, correct: false, details: { right: true } })
    expect(await grade('stone', 'stop')).toEqual({ reward: 0, correct: false, details: { right: false } })
  })

  it('states the size of countdown', () => {
    // All multisets of four numbers from 1 to 9, all targets from 10 to 50 with at least four solutions.
    const solver = new Solver(['+', '-', '*'])
    let problems = 0
    let solutions = 0
    const visit = (numbers: number[]) => {
      if (numbers.length < 4) {
        for (let next = numbers.at(-1) ?? 1; next <= 9; next++) visit([...numbers, next])
        return
      }
      const counts = new Map<number, number>()
      for (const { value } of solver.calculations(numbers, false)) counts.set(value, (counts.get(value) ?? 0) + 1)
      for (const [target, count] of counts) {
        if (target < 10 || target > 50 || count < 4) continue
        problems++
        solutions += count
      }
    }
    visit([])
    expect(page).toContain(`there are ${problems.toLocaleString('en-US')} problems`)
    expect(page).toContain(`(${(solutions / problems).toFixed(1)} in the mean)`)
  })
})
