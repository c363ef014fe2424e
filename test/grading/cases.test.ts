import { describe, expect, it } from 'vitest'
import { grade } from '../../src/task/math/grade.js'
import type { Cases } from './case.js'
import { boxed, inBox, responses, unseen } from './tables.js'

/** The responses whose verdict is not the expected one. */
const failing = (cases: Cases[string], response: (form: string) => string) =>
  cases.flatMap(({ answer, right = [], wrong = [] }) =>
    [...right.map((form) => [form, true] as const), ...wrong.map((form) => [form, false] as const)]
      .filter(([form, expected]) => grade(response(form), answer).correct !== expected)
      .map(([form, expected]) => ({ answer, form, expected })),
  )

describe('answers in a box', () => {
  it.each(Object.entries(boxed))('%s', (_, cases) => {
    expect(failing(cases, inBox)).toEqual([])
  })
})

describe('whole responses', () => {
  it.each(Object.entries({ ...responses, ...unseen }))('%s', (_, cases) => {
    expect(failing(cases, (form) => form)).toEqual([])
  })
})
