import { describe, expect, it } from 'vitest'
import { gradeAll, gradeOne } from './grading.js'
import { GraderError, withPatience } from './timeout.js'
import type { Example, Task } from './types.js'

const taskOf = (grade: Task['grade']): Task => ({ name: 'test', prompts: () => [], grade })
const item = (completion: string) => ({
  completion,
  example: { id: completion, prompt: '' } as Example,
  info: { finish: 'stop' as const, tokens: 1 },
})

describe('gradeOne', () => {
  it.each([
    [0.5, { reward: 0.5, correct: false }],
    [
      { reward: 1, details: { a: 1 } },
      { reward: 1, details: { a: 1 } },
    ],
    [1, { reward: 1, correct: true }],
    [Promise.resolve(2), { reward: 2, correct: true }],
    [
      { reward: 1, correct: false },
      { reward: 1, correct: false },
    ],
  ])('makes %j a grade', async (result, expected) => {
    expect(
      await gradeOne(
        taskOf(() => result as number),
        item('x'),
      ),
    ).toEqual(expected)
  })

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [undefined], [null], ['1'], [{}], [{ reward: '1' }]])(
    'refuses %j as a reward',
    async (result) => {
      const failure = gradeOne(
        taskOf(() => result as number),
        item('x'),
      )
      await expect(failure).rejects.toThrow(/^task test, problem x: the reward is .*, not a finite number$/)
      await expect(failure).rejects.toBeInstanceOf(GraderError)
    },
  )

  it.each([['yes'], [1], [null]])('refuses %j as a verdict', async (correct) => {
    const failure = gradeOne(
      taskOf(() => ({ reward: 1, correct }) as never),
      item('x'),
    )
    await expect(failure).rejects.toThrow(/^task test, problem x: correct is .*, neither true nor false$/)
  })

  it('names task and problem of a grader that throws, at once or later', async () => {
    const throws = taskOf(() => {
      throw new Error('no')
    })
    await expect(gradeOne(throws, item('x'))).rejects.toThrow('task test, problem x: the grader threw: no')
    const rejects = taskOf(() => Promise.reject(new Error('later')))
    await expect(gradeOne(rejects, item('x'))).rejects.toThrow('task test, problem x: the grader threw: later')
  })
})

describe('gradeAll', () => {
  it('keeps the order, whoever answers first, and the number at once', async () => {
    let running = 0
    let most = 0
    const task = taskOf(async (completion) => {
      most = Math.max(most, ++running)
      for (let i = 0; i < 10 - Number(completion); i++) await Promise.resolve()
      running--
      return Number(completion)
    })
    const items = Array.from({ length: 10 }, (_, i) => item(String(i)))
    const grades = await gradeAll(task, items, { concurrency: 3 })
    expect(grades.map(({ reward }) => reward)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(most).toBe(3)
    expect(await gradeAll(task, [])).toEqual([])
  })

  it('stops asking after a failure', async () => {
    let calls = 0
    const task = taskOf((completion) => {
      calls++
      return completion === '2' ? Number.NaN : 1
    })
    const items = Array.from({ length: 10 }, (_, i) => item(String(i)))
    await expect(gradeAll(task, items, { concurrency: 1 })).rejects.toThrow(/problem 2/)
    expect(calls).toBe(3)
  })
})

describe("a grader's signal", () => {
  /** Answers when it is aborted, and says so. */
  const patient = (aborted: unknown[]) =>
    taskOf(
      (_, __, { signal }) =>
        new Promise((_resolve, reject) =>
          signal!.addEventListener('abort', () => {
            aborted.push(signal!.reason)
            reject(new Error('given up'))
          }),
        ),
    )

  it('is aborted when the run is stopped, which ends the grading whatever the graders do', async () => {
    const stop = new AbortController()
    const aborted: unknown[] = []
    const grading = gradeAll(patient(aborted), [item('a'), item('b')], { signal: stop.signal })
    const deaf = gradeAll(
      taskOf(() => new Promise(() => {})),
      [item('a')],
      { signal: stop.signal },
    )
    stop.abort('stopped')
    expect(await grading).toBeUndefined()
    expect(await deaf).toBeUndefined()
    expect(aborted).toEqual(['stopped', 'stopped'])
    let calls = 0
    const counting = taskOf(() => ++calls)
    expect(await gradeAll(counting, [item('a')], { signal: stop.signal })).toBeUndefined()
    expect(calls).toBe(0)
  })

  it('is aborted when another grader fails', async () => {
    const aborted: unknown[] = []
    const both = taskOf((completion, example, info) => {
      if (completion === 'b') throw new Error('broken')
      return patient(aborted).grade(completion, example, info)
    })
    await expect(gradeAll(both, [item('a'), item('b')])).rejects.toThrow('the grader threw: broken')
    expect(aborted).toEqual([expect.objectContaining({ message: expect.stringContaining('broken') })])
  })

  it('reaches a reward within its patience, and ends its tries', async () => {
    const stop = new AbortController()
    let calls = 0
    const failure = withPatience(
      'it',
      { timeout: 60, retries: 5, pause: 60 },
      (signal) =>
        new Promise<number>((_, reject) => {
          calls++
          signal.addEventListener('abort', () => reject(new Error('given up')))
        }),
      stop.signal,
    )
    stop.abort()
    await expect(failure).rejects.toThrow('given up')
    expect(calls).toBe(1)
  })
})

describe('withPatience', () => {
  it('aborts the try whose time is up', async () => {
    const aborted: boolean[] = []
    const work = (signal: AbortSignal) =>
      new Promise<number>(() => signal.addEventListener('abort', () => aborted.push(true)))
    await expect(withPatience('it', { timeout: 0.02, retries: 1, pause: 0 }, work)).rejects.toThrow(
      'it (2 tries): no answer within 0.02 s',
    )
    expect(aborted).toEqual([true, true])
  })

  it('keeps the last failure as the cause', async () => {
    const cause = new Error('why')
    const failure = withPatience('it', { timeout: 1, retries: 0, pause: 0 }, () => Promise.reject(cause))
    await expect(failure).rejects.toMatchObject({ name: 'GraderError', message: 'it: why', cause })
  })
})
