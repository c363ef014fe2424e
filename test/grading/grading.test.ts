import { describe, expect, it } from 'vitest'
import { grade } from '../../src/task/math/grade.js'
import { different } from './different.js'
import { equal } from './equal.js'

const pairs = (table: typeof equal) =>
  Object.entries(table).map(
    ([topic, groups]) =>
      [topic, groups.flatMap(([reference, ...forms]) => forms.map((form) => ({ reference, form })))] as const,
  )
const verdict = (answer: string, reference: string) => grade(`So the answer is \\boxed{${answer}}`, reference)
const failing = (cases: readonly { reference: string; form: string }[], expected: boolean) =>
  cases.filter(({ reference, form }) => verdict(form, reference).correct !== expected)

describe('right answers in other forms', () => {
  it.each(pairs(equal))('%s', (_, cases) => {
    expect(failing(cases, true)).toEqual([])
  })
})

describe('wrong answers', () => {
  it.each(pairs(different))('%s', (_, cases) => {
    expect(failing(cases, false)).toEqual([])
  })
})

describe('across topics', () => {
  it('accepts no reference of one kind for one of another', () => {
    // Forms of the first ten groups' kind of numbers may be equal by chance; whole groups of words and sets may not.
    const references = Object.entries(equal)
      .filter(([topic]) => ['matrices', 'intervals', 'unions', 'sets', 'algebra', 'wrappers'].includes(topic))
      .flatMap(([topic, groups]) => groups.map(([reference]) => ({ topic, reference })))
    const confused = references.flatMap((a) =>
      references.filter((b) => a.topic !== b.topic && verdict(b.reference, a.reference).correct).map((b) => [a, b]),
    )
    expect(confused).toEqual([])
  })
})
