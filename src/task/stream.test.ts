import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { PromptStream } from './stream.js'
import type { Example, Rng, Split, Task } from './types.js'

function taskOf(prompts: (rng: Rng, split: Split) => Iterable<Example> | AsyncIterable<Example>): Task {
  return { name: 'test', prompts, grade: () => 0 }
}

const list = (n: number): Example[] => Array.from({ length: n }, (_, i) => ({ id: String(i), prompt: `p${i}` }))
const ids = (examples: Example[]) => examples.map(({ id }) => id)

const finite = taskOf(() => list(7))
const iterable = taskOf(function* (rng) {
  for (let i = 0; i < 5; i++) yield { id: `${i}:${rng()}`, prompt: '' }
})
const endless = taskOf(function* (rng) {
  for (;;) yield { id: String(rng()), prompt: '' }
})
const asynchronous = taskOf(async function* (rng) {
  for (;;) yield { id: String(rng()), prompt: '' }
})

describe('PromptStream', () => {
  it('meets every problem of a list once per epoch, in another order each time', async () => {
    const stream = new PromptStream(finite, 'train', 1)
    const first = ids(await stream.next(7))
    const second = ids(await stream.next(7))
    expect([...first].sort()).toEqual(ids(list(7)))
    expect([...second].sort()).toEqual(ids(list(7)))
    expect(second).not.toEqual(first)
    expect(stream.position).toBe(14)
  })

  it('begins an exhausted iterable anew with other random numbers', async () => {
    const taken = ids(await new PromptStream(iterable, 'train', 1).next(10))
    expect(taken.map((id) => id[0]).join('')).toBe('0123401234')
    expect(new Set(taken).size).toBe(10)
  })

  it.each([
    ['a list', finite],
    ['an iterable', iterable],
    ['an endless generator', endless],
    ['an async generator', asynchronous],
  ])('goes on from a position in %s as if it had never stopped', async (_, task) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 9 }), async (position, n) => {
        const whole = new PromptStream(task, 'train', 3)
        await whole.next(position)
        const resumed = new PromptStream(task, 'train', 3, position)
        expect(resumed.position).toBe(position)
        expect(ids(await resumed.next(n))).toEqual(ids(await whole.next(n)))
        expect(resumed.position).toBe(position + n)
      }),
      { numRuns: 30 },
    )
  })

  it('does not depend on how many are taken at once', async () => {
    const one = new PromptStream(finite, 'train', 5)
    const singly: string[] = []
    for (let i = 0; i < 20; i++) singly.push(...ids(await one.next(1)))
    expect(ids(await new PromptStream(finite, 'train', 5).next(20))).toEqual(singly)
  })

  it('depends on the seed and on the split', async () => {
    const order = async (split: Split, seed: number) => ids(await new PromptStream(finite, split, seed).next(7))
    expect(await order('train', 1)).not.toEqual(await order('train', 2))
    expect(await order('train', 1)).not.toEqual(await order('eval', 1))
  })

  it('does not change the list that the task gave', async () => {
    const given = list(7)
    await new PromptStream(
      taskOf(() => given),
      'train',
      1,
    ).next(7)
    expect(given).toEqual(list(7))
  })

  it('names the task and the split that have no problems', async () => {
    for (const empty of [taskOf(() => []), taskOf(function* () {})]) {
      await expect(new PromptStream(empty, 'eval', 1).next(1)).rejects.toThrow(
        new UserError('task test: the eval split has no problems'),
      )
    }
  })

  it('refuses prompts() that returns something else', async () => {
    const wrong = taskOf(() => 'abc' as never)
    await expect(new PromptStream(wrong, 'train', 1).next(1)).rejects.toThrow(/must return an array/)
  })

  it('takes problems of one epoch alone where told to', async () => {
    const upTo = async (task: Task, n: number) => ids(await new PromptStream(task, 'eval', 0).upTo(n))
    expect((await upTo(finite, 3)).length).toBe(3)
    expect(new Set(await upTo(finite, 99))).toEqual(new Set(ids(list(7))))
    expect((await upTo(finite, 99)).length).toBe(7)
    expect((await upTo(iterable, 99)).length).toBe(5)
    expect((await upTo(endless, 99)).length).toBe(99)
    await expect(
      upTo(
        taskOf(() => []),
        1,
      ),
    ).rejects.toThrow('has no problems')
  })
})
