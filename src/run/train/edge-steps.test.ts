import { expect, it } from 'vitest'
import { edgeSteps, edgesOf, edgesText } from './edge-steps.js'

it('averages 10 steps at either end, or half of a short run', () => {
  expect([0, 1, 2, 7, 19, 20, 100].map(edgeSteps)).toEqual([1, 1, 1, 3, 9, 10, 10])
  expect([1, 3].map(edgesText)).toEqual(['the first and the last step', 'means of the first and last 3 steps'])
})

it('shares no step between the ends of a run of two steps and more', () => {
  for (let length = 2; length < 30; length++) {
    const { count, first, last } = edgesOf([...Array(length).keys()])
    expect([first.length, last.length]).toEqual([count, count])
    expect(first.filter((step) => last.includes(step))).toEqual([])
  }
})
