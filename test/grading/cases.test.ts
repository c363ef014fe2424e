import { describe, expect, it } from 'vitest'
import { grade } from '../../src/task/math/grade.js'
import { lists } from './boxed/lists.js'
import { matrices } from './boxed/matrices.js'
import { numbers } from './boxed/numbers.js'
import { relations } from './boxed/relations.js'
import { typing } from './boxed/typing.js'
import { units } from './boxed/units.js'
import type { Cases } from './case.js'
import { endings } from './responses/endings.js'
import { markers } from './responses/markers.js'
import { sentences } from './responses/sentences.js'
import { boxed as unseenBoxed } from './unseen/boxed.js'
import { sentences as unseenSentences } from './unseen/sentences.js'

const boxed: Cases = { ...relations, ...matrices, ...units, ...numbers, ...typing, ...lists }
const responses: Cases = { ...endings, ...sentences, ...markers }

/** The responses whose verdict is not the expected one. */
const failing = (cases: Cases[string], response: (form: string) => string) =>
  cases.flatMap(({ answer, right = [], wrong = [] }) =>
    [...right.map((form) => [form, true] as const), ...wrong.map((form) => [form, false] as const)]
      .filter(([form, expected]) => grade(response(form), answer).correct !== expected)
      .map(([form, expected]) => ({ answer, form, expected })),
  )

describe('answers in a box', () => {
  it.each(Object.entries(boxed))('%s', (_, cases) => {
    expect(failing(cases, (form) => `So the answer is $\\boxed{${form}}$.`)).toEqual([])
  })
})

describe('whole responses', () => {
  it.each(Object.entries({ ...responses, ...unseenBoxed, ...unseenSentences }))('%s', (_, cases) => {
    expect(failing(cases, (form) => form)).toEqual([])
  })
})
