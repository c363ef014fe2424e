import { describe, expect, it } from 'vitest'
import { rngFrom } from '../base/philox.js'
import { type ArithmeticExample, arithmetic, lastNumber } from './arithmetic.js'
import { PromptStream } from './stream.js'
import type { Grade, Split } from './types.js'

const problems = (spec: Record<string, unknown>, split: Split) =>
  arithmetic({ name: 'arithmetic', ...spec }).prompts(rngFrom(1), split) as ArithmeticExample[]

describe('arithmetic', () => {
  it('asks for sums up to 20 by default: 21^2 ordered pairs over both splits, none on both', () => {
    const train = problems({}, 'train')
    const held = problems({}, 'eval')
    expect(train.length + held.length).toBe(441)
    expect(new Set([...train, ...held].map(({ id }) => id)).size).toBe(441)
    // Share 0.2 of 231 unordered pairs, five standard errors: 0.2 +- 0.13.
    expect(held.length / 441).toBeGreaterThan(0.07)
    expect(held.length / 441).toBeLessThan(0.33)
  })

  it('keeps a + b and b + a on the same side', () => {
    const train = new Set(problems({}, 'train').map(({ id }) => id))
    for (const { a, b } of problems({}, 'eval')) expect(train.has(`${b}+${a}`)).toBe(false)
  })

  it('writes the prompt and the answer', () => {
    const [first] = problems({ min: 3, max: 3, operations: ['-'], evalShare: 0 }, 'train')
    expect(first?.prompt).toEqual([{ role: 'user', content: 'What is 3 - 3? Answer with the number only.' }])
    expect(first?.answer).toBe('0')
    const [product] = problems({ min: 7, max: 7, operations: ['*'], evalShare: 0 }, 'train')
    expect(product?.answer).toBe('49')
  })

  it('draws instead of listing where there are too many', async () => {
    const task = arithmetic({ name: 'arithmetic', max: 100_000 })
    const train = await new PromptStream(task, 'train', 1).next(500)
    const held = await new PromptStream(task, 'eval', 1).next(500)
    const trainIds = new Set(train.map(({ id }) => id))
    expect(trainIds.size).toBeGreaterThan(490)
    for (const { id } of held) expect(trainIds.has(id)).toBe(false)
    const otherSeed = task.prompts(rngFrom(2), 'eval') as ArithmeticExample[]
    expect(otherSeed).toEqual(task.prompts(rngFrom(1), 'eval'))
  })

  const example: ArithmeticExample = { id: '7+5', prompt: '', answer: '12', a: 7, b: 5, operation: '+' }
  const grade = (completion: string, finish: 'stop' | 'length' = 'stop') =>
    (arithmetic({ name: 'arithmetic' }).grade(completion, example, { finish, tokens: 3 }) as Grade).reward

  it.each([
    ['12', 1],
    ['7 + 5 = 12.', 1],
    ['The answer is **12**', 1],
    ['12.0', 1],
    ['-12', 0],
    ['12 or 13', 0],
    ['112', 0],
    ['12.5', 0],
    ['1 2', 0],
    ['', 0],
    ['twelve', 0],
  ])('grades %j as %d', (completion, reward) => {
    expect(grade(completion)).toBe(reward)
  })

  it('gives nothing to a completion that did not end by itself, however right', () => {
    expect(grade('12', 'length')).toBe(0)
    expect(grade('10 11 12', 'length')).toBe(0)
  })

  it.each([
    ['a 3 b -4', -4],
    ['9-4', 4],
    ['x = \u22127', -7],
    ['1,234', 1234],
    ['(3)-2', 2],
    ['.', undefined],
  ])('finds the last number of %j', (text, number) => {
    expect(lastNumber(text)).toBe(number)
  })

  it('names the nearest key of one it does not know', () => {
    expect(() => arithmetic({ name: 'arithmetic', operation: ['+'] })).toThrow(
      expect.objectContaining({
        message: "task arithmetic: unknown key 'operation'",
        hint: "Did you mean 'operations'?",
      }),
    )
    expect(() => arithmetic({ name: 'arithmetic', max: 'ten' })).toThrow(/task arithmetic: max: /)
    expect(() => arithmetic({ name: 'arithmetic', max: -1 })).toThrow('task arithmetic: min is above max')
  })
})
