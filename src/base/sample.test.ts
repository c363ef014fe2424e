import { expect, it } from 'vitest'
import { mean, sampleDeviation } from './sample.js'

it.each([1, 1e39, 1e200, 4e307])('mean and deviation of numbers of size %d', (size) => {
  // Of 1, 2, 3, 4: mean 2.5, sum of squares 5 over 3.
  const values = [1, 2, 3, 4].map((value) => value * size)
  expect(mean(values) / size).toBeCloseTo(2.5, 12)
  expect(sampleDeviation(values) / size).toBeCloseTo(Math.sqrt(5 / 3), 12)
})

it('are what they are for values that are not finite', () => {
  expect(mean([1, Number.NaN])).toBeNaN()
  expect(mean([1, Infinity])).toBe(Infinity)
  expect(sampleDeviation([1, Infinity])).toBeNaN()
})
