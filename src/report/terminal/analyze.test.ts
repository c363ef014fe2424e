import { expect, it } from 'vitest'
import type { Interval } from '../../entropy/index.js'
import { formatInterval } from './analyze.js'

it.each<[Interval, string]>([
  [[0.12345, 2], '0.123 … 2'],
  [[-0.5, 0.25], '−0.5 … 0.25'],
  [[1.00001, 1.00002], '1'],
  [[0, 0], '0'],
  [[Number.NEGATIVE_INFINITY, -1], '−∞ … −1'],
  [[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], '∞'],
  [[-1e-7, 1e-7], '−1e−7 … 1e−7'],
])('the interval %j reads %s', (interval, text) => {
  expect(formatInterval(interval)).toBe(text)
})
