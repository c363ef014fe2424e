import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget } from './budget.js'
import { readAnswer } from './read.js'
import { isEmptyTogether, sameRealSet } from './real-set.js'

const budget = () => new Budget(1_000_000)
const node = (text: string) => readAnswer(text, budget())
const same = (a: string, b: string) => sameRealSet(node(a), node(b), budget())

describe('sameRealSet', () => {
  it.each([
    ['(0,1]\\cup[1,2)', '(0,2)', true],
    ['(0,1)\\cup(1,2)', '(0,2)', false],
    ['\\mathbb{R}\\setminus\\{0\\}', '(-\\infty,0)\\cup(0,\\infty)', true],
    ['x\\ne0', '(-\\infty,0)\\cup(0,\\infty)', true],
    ['|x|\\le\\sqrt2', '[-\\sqrt2,\\sqrt{2}]', true],
    ['|x|<-1', '\\emptyset', true],
    ['|x|\\ge-1', '\\mathbb{R}', true],
    ['1<x<\\frac{6}{2}', '(1,3)', true],
    ['(1,3)\\cap[2,5]', '[2,3)', true],
    ['[1,1]', '\\{1\\}', true],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(same(a, b)).toBe(expected)
    expect(same(b, a)).toBe(expected)
  })

  it.each([
    ['(3,1)', '\\emptyset', 'an interval whose ends are reversed is a pair'],
    ['x>1', 'y>1', 'two unknowns'],
    ['x>a', '(1,2)', 'an end that is no number'],
    ['\\mathbb{Z}', '\\mathbb{R}', 'whole numbers'],
    ['[0,\\infty]', '[0,\\infty)', 'infinity as a member'],
  ])('says nothing of %s and %s: %s', (a, b) => {
    expect(same(a, b)).toBeUndefined()
  })

  it('agrees with membership at the halves of whole ends', () => {
    const interval = fc
      .tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean())
      .map(([low, width, left, right]) => ({ low, high: low + width, left, right }))
    const set = fc.array(interval, { minLength: 1, maxLength: 4 })
    type Interval = { low: number; high: number; left: boolean; right: boolean }
    const spell = (each: Interval[]) =>
      each.map((i) => `${i.left ? '[' : '('}${i.low},${i.high}${i.right ? ']' : ')'}`).join('\\cup')
    const holds = (each: Interval[], x: number) =>
      each.some((i) => (x > i.low || (i.left && x === i.low)) && (x < i.high || (i.right && x === i.high)))
    // Ends are whole, so halves from -5 to 9 see every point and every gap.
    const halves = Array.from({ length: 29 }, (_, i) => -5 + i / 2)
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(same(spell(a), spell(b))).toBe(halves.every((x) => holds(a, x) === holds(b, x)))
      }),
    )
  })
})

describe('isEmptyTogether', () => {
  it.each([
    [['x<-1', 'x>1'], true],
    [['x\\ge2', 'x<5'], false],
    [['x\\le2', 'x\\ge2'], false],
    [['x<2', 'x\\ge2'], true],
  ])('%j: %s', (conditions, expected) => {
    expect(isEmptyTogether(conditions.map(node), budget())).toBe(expected)
  })
})
