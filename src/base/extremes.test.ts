import fc from 'fast-check'
import { expect, it } from 'vitest'
import { largest, smallest } from './extremes.js'

it('are those of Math.min and Math.max', () => {
  fc.assert(
    fc.property(fc.array(fc.double()), (values) => {
      expect([smallest(values), largest(values)]).toEqual([Math.min(...values), Math.max(...values)])
    }),
  )
})

it('are found among more values than a call takes arguments', () => {
  const values = Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 1_000_000)
  expect([smallest(values), largest(values)]).toEqual([0, 999_999])
})
