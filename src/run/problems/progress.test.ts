import { afterEach, expect, it, vi } from 'vitest'
import { trackPace } from './progress.js'

afterEach(() => vi.restoreAllMocks())

it('estimates the rest by the tokens and the time of this start', () => {
  let seconds = 100
  vi.spyOn(performance, 'now').mockImplementation(() => seconds * 1000)
  // Ten completions, four of them from an earlier start.
  let done = 4
  const tracker = trackPace(10, () => done)
  expect(tracker.pace(0, 50)).toEqual({ tokens: 0, seconds: 0 })
  seconds = 102
  // 25 tokens of at most 50 each are half a completion in 2 s: 5.5 more take 22 s.
  expect(tracker.pace(25, 50)).toEqual({ tokens: 25, seconds: 2, tokensPerSecond: 12.5, secondsLeft: 22 })
  seconds = 104
  done += 2
  tracker.finish([{ responses: [{ length: 30 }, { length: 10 }] }])
  // Two completions of 20 tokens in 4 s; four are left.
  expect(tracker.pace(0, 50)).toEqual({ tokens: 40, seconds: 4, tokensPerSecond: 10, tokensLeft: 80, secondsLeft: 8 })
  // 40 running tokens are two more completions of the mean length, in the same time.
  expect(tracker.pace(40, 50)).toMatchObject({ tokens: 80, tokensPerSecond: 20, tokensLeft: 80, secondsLeft: 2 })
})

it('does not estimate less than nothing', () => {
  let seconds = 0
  vi.spyOn(performance, 'now').mockImplementation(() => seconds++ * 1000)
  const tracker = trackPace(1, () => 0)
  tracker.pace(0, 10)
  expect(tracker.pace(30, 10).secondsLeft).toBe(0)
})
