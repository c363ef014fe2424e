import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatFixed,
  formatNumber,
  formatPercent,
} from './format.js'

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [1.23456, '1.23'],
    [12.345, '12.3'],
    [123456, '123456'],
    [0.5, '0.5'],
    [-0.04567, '-0.0457'],
    [5e-5, '5e-5'],
    [1234567, '1.23e6'],
    [100, '100'],
  ])('writes %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  it('writes a dash for what is no number', () => {
    for (const value of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY]) expect(formatNumber(value)).toBe('–')
  })

  it('stays within half a unit of the last digit', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        // Three significant digits: a relative error of at most 0.5 %.
        expect(Math.abs(Number(formatNumber(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 0.005 + 1e-300)
      }),
    )
  })
})

describe('the other formats', () => {
  it('writes counts, magnitudes, shares and bytes', () => {
    expect(formatCount(1234567)).toBe('1,234,567')
    expect(formatCount(12)).toBe('12')
    expect([812.3, 999.7, 1922, 24_123, 3_100_000, 7_615_616_512, 2.5, 7].map(formatCompact)).toEqual([
      '812',
      '1.0k',
      '1.9k',
      '24k',
      '3.1M',
      '7.6B',
      '2.5',
      '7',
    ])
    expect(formatPercent(0.0123)).toBe('1.2 %')
    expect(formatBytes(3 * 1024 ** 3)).toBe('3.00 GiB')
    expect(formatBytes(12)).toBe('12 B')
    expect(formatBytes(1012.4 * 1024)).toBe('1012 KiB') // below 1 MiB, and not 1.01e+3
    expect(formatBytes(999.6 * 1024)).toBe('1000 KiB')
    expect(formatFixed(1.5, 3)).toBe('1.500')
  })

  it.each([
    [0.4, '0s'],
    [59.6, '1m 00s'],
    [252, '4m 12s'],
    [3599.7, '1h 00m'],
    [3 * 3600 + 5 * 60, '3h 05m'],
    [52 * 3600, '2d 04h'],
    [-1, '–'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})
