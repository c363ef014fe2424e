import { expect, it } from 'vitest'
import { windowSize } from './windows.js'

it('fills a batch with problems, at most an eighth of them', () => {
  expect(windowSize(500, 8, 32)).toBe(4)
  expect(windowSize(30, 32, 32)).toBe(1)
  expect(windowSize(30, 32, 256)).toBe(4)
  expect(windowSize(8, 4, 32)).toBe(1)
  expect(windowSize(30, 64, 32)).toBe(1)
})
