import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rngFrom } from '../../base/philox.js'
import { PromptStream } from '../stream.js'
import type { Grade } from '../types.js'
import { canonical, parseExpression, respell } from './expression.js'
import { type Operation, Solver } from './solve.js'
import { type CountdownExample, compactAlphabet, countdown, solutionStream } from './task.js'

const parsed = (text: string) => {
  const result = parseExpression(text)
  if ('error' in result) throw new Error(result.error)
  return result
}

describe('parseExpression', () => {
  it.each([
    ['2+3*4', 14],
    ['(2+3)*4', 20],
    ['9-4-3', 2],
    ['9-(4-3)', 8],
    [' 10 * ( 2 + 1 ) ', 30],
    ['((7))', 7],
    ['2*3-4*5', -14],
    ['0', 0],
  ])('%s = %d', (text, value) => {
    expect(parsed(text).expression.value).toBe(value)
  })

  it.each(['', '+', '-3', '3+', '3++4', '(3', '3)', '3 4', '03', '3/2', '2**3', '1e3', 'x', '2^3', '()', '3.5', '٣'])(
    'refuses %j',
    (text) => {
      expect(parseExpression(text)).toHaveProperty('error')
    },
  )

  it('refuses deep nesting and huge numbers without reading them', () => {
    expect(parseExpression('('.repeat(100_000))).toEqual({ error: 'longer than 256 characters' })
    expect(parseExpression('('.repeat(128) + ')'.repeat(128))).toHaveProperty('error')
    expect(parseExpression('9'.repeat(30))).toHaveProperty('error')
  })

  it('lists the numbers as written', () => {
    expect(parsed('(2+11)*4').numbers).toEqual([2, 11, 4])
  })
})

/** Every full bracketing of every order, as text: independent of the flat forms. */
function brute(numbers: number[], operations: readonly Operation[]): string[] {
  if (numbers.length === 1) return [String(numbers[0])]
  const texts: string[] = []
  for (let mask = 1; mask < (1 << numbers.length) - 1; mask++) {
    const left = brute(
      numbers.filter((_, i) => (mask >> i) & 1),
      operations,
    )
    const right = brute(
      numbers.filter((_, i) => !((mask >> i) & 1)),
      operations,
    )
    for (const a of left) for (const b of right) for (const op of operations) texts.push(`(${a}${op}${b})`)
  }
  return texts
}

describe('Solver', () => {
  it.each<[number[], Operation[]]>([
    [
      [2, 3],
      ['+', '-', '*'],
    ],
    [
      [2, 3, 5],
      ['+', '-', '*'],
    ],
    [
      [2, 2, 5],
      ['+', '-', '*'],
    ],
    [
      [1, 2, 2, 7],
      ['+', '-', '*'],
    ],
    [
      [2, 3, 5, 7],
      ['+', '*'],
    ],
    [
      [2, 3, 5],
      ['-', '*'],
    ],
    [[4, 5, 6], ['-']],
  ])('finds for %j with %j what brute force finds', (numbers, operations) => {
    const expected = new Set<string>()
    for (const text of brute(numbers, operations)) {
      const { expression } = parsed(text)
      const spelled = canonical(expression)
      // 4-(5-6) is 4+6-5: with + missing it is not writable flat, and is left out by both.
      if (operations.includes('+') || !spelled.includes('+')) expected.add(spelled)
    }
    const found = new Solver(operations).calculations(numbers, true)
    const flat = found.map(canonical).filter((text) => !/^-|\(-/.test(text))
    expect(new Set(flat)).toEqual(expected)
    expect(found.length).toBe(expected.size)
  })

  it('uses subsets too where not all numbers are required', () => {
    const texts = new Solver(['+', '*']).calculations([2, 3], false).map(canonical)
    expect(texts.sort()).toEqual(['2', '2*3', '2+3', '3'])
  })
})

describe('canonical and respell', () => {
  it.each([
    ['2*5+3', '3+5*2'],
    ['9-(4-1)', '1+9-4'],
    ['(2*3)*4', '4*(3*2)'],
    ['((1+2))*3', '3*(2+1)'],
  ])('%s is %s', (a, b) => {
    expect(canonical(parsed(a).expression)).toBe(canonical(parsed(b).expression))
  })

  it('keeps different calculations apart', () => {
    expect(canonical(parsed('2*2').expression)).not.toBe(canonical(parsed('2+2').expression))
    expect(canonical(parsed('9-4+1').expression)).not.toBe(canonical(parsed('9-(4+1)').expression))
  })

  it('respells any calculation without changing it', () => {
    const all = new Solver(['+', '-', '*']).calculations([2, 3, 5, 7], false)
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.nat(), (which, seed) => {
        const expression = all[which]!
        const again = parsed(respell(expression, rngFrom(seed)))
        expect(canonical(again.expression)).toBe(canonical(expression))
        expect(again.expression.value).toBe(expression.value)
      }),
    )
  })
})

describe('countdown', () => {
  const task = countdown({ name: 'countdown', style: 'compact' })
  const example: CountdownExample = {
    id: '2,3,5,7=24',
    prompt: '2,3,5,7=24:',
    numbers: [2, 3, 5, 7],
    target: 24,
    solutionCount: 1,
  }
  const grade = (text: string, spec: object = {}, finish: 'stop' | 'length' = 'stop') =>
    countdown({ name: 'countdown', style: 'compact', ...spec }).grade(text, example, { finish, tokens: 9 }) as Grade

  it.each([
    ['(5+7)*2', 1, 'right'],
    ['2*(7+5)=24', 1, 'right'],
    ['3*7+5-2', 1, 'right'],
    ['3*7+3', 0, '3 is not there to be used'],
    ['24', 0, '24 is not there to be used'],
    ['5+7+2', 0, 'equals 14'],
    ['(5+7)*2=25', 0, '= 25'],
    ['(5+7)*2=24=24', 0, 'more than one ='],
    ['(5+7)*2 ok', 0, "unexpected 'o'"],
    ['', 0, 'unexpected end'],
  ])('grades %j as %d: %s', (text, reward, reason) => {
    expect(grade(text)).toMatchObject({ reward, details: { reason } })
  })

  it('gives nothing to a completion that ran into the limit', () => {
    expect(grade('(5+7)*2', { formatReward: 0.5 }, 'length').reward).toBe(0)
  })

  it('asks for all numbers where told to', () => {
    expect(grade('(5+7)*2', { useAll: true })).toMatchObject({ reward: 0, details: { reason: '3 not used' } })
    expect(grade('3*7+5-2', { useAll: true }).reward).toBe(1)
  })

  it('refuses operations that the problem does not name', () => {
    expect(grade('(5+7)*2', { operations: ['+', '-'] })).toMatchObject({ details: { reason: '* is not allowed' } })
  })

  it('rewards the form where told to, and no form that is not one', () => {
    expect(grade('5+7', { formatReward: 0.1 }).reward).toBe(0.1)
    expect(grade('5+', { formatReward: 0.1 }).reward).toBe(0)
    expect(grade('(5+7)*2', { formatReward: 0.1 }).reward).toBe(1)
  })

  it('reads the last answer of a chat', () => {
    const chat = { style: 'chat' }
    expect(grade('<answer>1</answer> no: <answer> (5 + 7) \u00d7 2 = 24 </answer>', chat).reward).toBe(1)
    expect(grade('(5+7)*2', chat)).toMatchObject({ reward: 0, details: { reason: 'no <answer>' } })
    expect(grade('<answer>(5+7)*2', chat).reward).toBe(0)
  })

  it('makes problems that its own solutions solve, and that have as many as it says', async () => {
    const examples = (await new PromptStream(task, 'train', 1).next(50)) as CountdownExample[]
    for (const each of examples) {
      const solutions = task.solutions(each)
      expect(solutions.length).toBe(each.solutionCount)
      expect(solutions.length).toBeGreaterThanOrEqual(task.options.minSolutions)
      expect(new Set(solutions).size).toBe(solutions.length)
      for (const solution of solutions) {
        expect((task.grade(solution, each, { finish: 'stop', tokens: 1 }) as Grade).reward).toBe(1)
      }
    }
  })

  it('holds out problems, the same ones whatever the seed', async () => {
    const held = task.prompts(rngFrom(1), 'eval') as CountdownExample[]
    expect(held).toEqual(task.prompts(rngFrom(9), 'eval'))
    expect(new Set(held.map(({ id }) => id)).size).toBe(256)
    const heldIds = new Set(held.map(({ id }) => id))
    for (const { id } of await new PromptStream(task, 'train', 2).next(2000)) expect(heldIds.has(id)).toBe(false)
  })

  it('writes compact text in its alphabet only, solved in several ways', () => {
    const alphabet = new Set(compactAlphabet)
    const stream = solutionStream(task, 4)
    const seen = new Map<string, Set<string>>()
    for (let i = 0; i < 3000; i++) {
      const { prompt, completion } = stream.next().value!
      for (const character of prompt + completion) expect(alphabet.has(character)).toBe(true)
      seen.set(prompt, (seen.get(prompt) ?? new Set()).add(completion))
    }
    const repeated = [...seen.values()].filter((completions) => completions.size > 1)
    expect(repeated.length).toBeGreaterThan(100)
  })

  it('says why no problem can be made', () => {
    const impossible = countdown({ name: 'countdown', min: 1, max: 2, count: 2, targetMin: 40 })
    const prompts = impossible.prompts(rngFrom(1), 'train') as Iterable<CountdownExample>
    expect(() => prompts[Symbol.iterator]().next()).toThrow(/found no train problem in 2000 draws/)
  })

  it('names the nearest key of one it does not know', () => {
    expect(() => countdown({ name: 'countdown', numbers: 4 })).toThrow(/unknown key 'numbers'/)
    expect(() => countdown({ name: 'countdown', targetMin: 9, targetMax: 8 })).toThrow(/targetMin is above targetMax/)
  })
})
