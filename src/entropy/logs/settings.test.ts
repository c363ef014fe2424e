import { expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import { settingsOf } from './settings.js'
import type { LoggedCompletion } from './types.js'

const completion = (fields: Partial<LoggedCompletion>): LoggedCompletion => ({
  where: 'log:1',
  group: 'g',
  tokens: [],
  sampling: { truncation: [] },
  ...fields,
})

it('come from the caller or the file', () => {
  expect(settingsOf([completion({})], { vocabSize: 10, temperature: 1 })).toEqual({ vocabSize: 10, temperature: 1 })
  const stated = [completion({}), completion({ vocabSize: 10, temperature: 0.5 })]
  expect(settingsOf(stated, {})).toEqual({ vocabSize: 10, temperature: 0.5 })
  expect(settingsOf(stated, { vocabSize: 10 })).toEqual({ vocabSize: 10, temperature: 0.5 })
})

it('are refused where nobody states them, or two differ', () => {
  expect(() => settingsOf([completion({})], { temperature: 1 })).toThrow('the vocabulary size is not known')
  expect(() => settingsOf([completion({})], { vocabSize: 10 })).toThrow(
    'temperature of the log-probabilities is not known',
  )
  expect(() => settingsOf([completion({ vocabSize: 9 })], { vocabSize: 10, temperature: 1 })).toThrow(
    'log:1 states a vocabulary size of 9, the command line one of 10',
  )
  const two = [completion({ temperature: 1 }), completion({ where: 'log:2', temperature: 2 })]
  expect(() => settingsOf(two, { vocabSize: 10 })).toThrow('log:2 states a temperature of 2, log:1 one of 1')
})

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuse a temperature of %s', (temperature) => {
  expect(() => settingsOf([], { vocabSize: 10, temperature })).toThrow(UserError)
})

it.each([0, 1.5, -3])('refuse a vocabulary of %s', (vocabSize) => {
  expect(() => settingsOf([], { vocabSize, temperature: 1 })).toThrow(UserError)
})
