import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExactJson, plainDecimal, shortestDecimal } from './decimals.js'

describe('shortestDecimal', () => {
  // repr(float(str(numpy.float32(x)))) and the same of float16, numpy 2; whole numbers keep their value.
  it.each([
    [0.1, 0.1],
    [1e-7, 1e-7],
    [2.5, 2.5],
    [3.4028234663852886e38, 3.4028234663852886e38],
    [0.333333333, 0.33333334],
    [16_777_215.5, 16_777_216],
    [1.17549435e-38, 1.1754944e-38],
    [-123.456, -123.456],
  ])('of float32 %d is %d', (written, expected) => {
    expect(shortestDecimal(Math.fround(written))).toBe(expected)
  })

  it.each([
    [0.0999755859375, 0.1],
    [0.333251953125, 0.3333],
    [65_504, 65_504],
    [2.5, 2.5],
    [2 ** -24, 6e-8],
    [-0.0010004043579101562, -0.001],
  ])('of float16 %d is %d', (stored, expected) => {
    expect(shortestDecimal(stored, 'half')).toBe(expected)
  })

  it('is stored as the same float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(shortestDecimal(value))).toBe(value)
      }),
    )
  })
})

describe('plainDecimal', () => {
  it.each([
    [1e-7, '0.0000001'],
    [-1.25e-10, '-0.000000000125'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [70.0, '70'],
    [-0, '0'],
  ])('of %d is %s', (value, expected) => {
    expect(plainDecimal(value)).toBe(expected)
  })

  it('has no exponent and keeps the value', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = plainDecimal(value)
        expect(text).toMatch(/^-?\d+(\.\d+)?$/)
        expect(Number(text)).toBe(value === 0 ? 0 : value)
      }),
    )
  })
})

describe('parseExactJson', () => {
  it.each([
    ['{"a": 12345678901234567890}', { a: '12345678901234567890' }],
    ['[9007199254740993, 9007199254740992]', ['9007199254740993', 9007199254740992]],
    ['[0.1234567890123456789, 0.1, 1.10, 70.0]', ['0.1234567890123456789', 0.1, 1.1, 70]],
    ['[1e400, 1e2, -1E-2, 1e-400]', ['1e400', 100, -0.01, '1e-400']],
    [
      '{"12345678901234567890": "12345678901234567890 \\" 1e400"}',
      { '12345678901234567890': '12345678901234567890 " 1e400' },
    ],
    ['[-0.30000000000000004, 100000000000000000000]', [-0.30000000000000004, 100000000000000000000]],
    ['0e999999999999999999999', 0],
  ])('reads %s', (text, expected) => {
    expect(parseExactJson(text)).toEqual(expected)
  })

  it('refuses what JSON.parse refuses', () => {
    for (const text of ['{"a": 1e}', '[12345678901234567890', '01234567890123456789', 'NaN']) {
      expect(() => parseExactJson(text)).toThrow(SyntaxError)
    }
  })

  it('is JSON.parse wherever doubles are written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        expect(parseExactJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })
})
