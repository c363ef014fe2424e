import { expect, it } from 'vitest'
import { advantagesOf } from './advantages.js'
import type { LoggedCompletion } from './types.js'

const completion = (group: string, fields: Partial<LoggedCompletion>): LoggedCompletion => ({
  where: `log ${group}`,
  group,
  tokens: [],
  sampling: { truncation: [] },
  ...fields,
})

it("are GRPO's: (R - mean) / (std + 1e-4) within the group, std with n - 1", () => {
  const batch = [
    completion('a', { reward: 0 }),
    completion('b', { reward: 5 }),
    completion('a', { reward: 1 }),
    completion('b', { reward: 5 }),
  ]
  // mean 1/2, std sqrt((1/4 + 1/4) / 1); the equal group is exactly 0
  const A = 0.5 / (Math.SQRT1_2 + 1e-4)
  expect(advantagesOf(batch)).toEqual([-A, 0, A, 0])
})

it('are exactly 0 for equal rewards whose mean rounds', () => {
  const batch = [0.1, 0.1, 0.1].map((reward) => completion('a', { reward }))
  expect(advantagesOf(batch)).toEqual([0, 0, 0])
})

it('are exactly 0 for rewards that differ by rounding alone', () => {
  const batch = [0.1 + 0.2, 0.3].map((reward) => completion('a', { reward }))
  expect(advantagesOf(batch)).toEqual([0, 0])
})

it('are those of the log where it has them', () => {
  expect(advantagesOf([completion('a', { advantage: 2, reward: 1 }), completion('a', { advantage: [1, -1] })])).toEqual(
    [2, [1, -1]],
  )
  expect(advantagesOf([completion('a', {})])).toBeUndefined()
})

it('are refused for a lone reward, and for rewards of some only', () => {
  expect(() => advantagesOf([completion('a', { reward: 1 })])).toThrow('log a: its reward has no other')
  expect(() => advantagesOf([completion('a', { reward: 1 }), completion('b', {})])).toThrow('log b: no reward')
})
