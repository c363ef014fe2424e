import { expect, it } from 'vitest'
import { listed, shown } from './shown.js'

it('names the first and counts the others', () => {
  expect(listed(['a', 'b'])).toBe('a, b')
  expect(listed(['a', 'b', 'c', 'd'], 2)).toBe('a, b, and 2 more')
  expect(listed(['x'.repeat(100_000)])).toBe(`${'x'.repeat(57)}...`)
})

it('cuts a long value', () => {
  expect(shown('x'.repeat(100_000))).toBe(`"${'x'.repeat(56)}...`)
  expect(shown([1, 'a', null])).toBe('[1,"a",null]')
})
