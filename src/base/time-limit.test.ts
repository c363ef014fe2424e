import { describe, expect, it } from 'vitest'
import { withinTime } from './time-limit.js'

const tooLong = () => new Error('too long')

describe('withinTime', () => {
  it('gives what the work gives, or throws what it throws', () => {
    expect(withinTime(60_000, tooLong, () => 42)).toBe(42)
    expect(() =>
      withinTime(60_000, tooLong, () => {
        throw new RangeError('of its own')
      }),
    ).toThrow(RangeError)
    expect(withinTime(60_000, tooLong, () => withinTime(60_000, tooLong, () => 'inner'))).toBe('inner')
  })

  it('ends a pattern that backtracks forever, and a loop', () => {
    expect(() => withinTime(50, tooLong, () => /^(a+)+$/.test(`${'a'.repeat(60)}b`))).toThrow('too long')
    expect(() =>
      withinTime(50, tooLong, () => {
        for (;;);
      }),
    ).toThrow('too long')
    expect(withinTime(60_000, tooLong, () => 'and goes on')).toBe('and goes on')
  })
})
