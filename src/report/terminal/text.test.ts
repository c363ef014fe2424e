import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oneLine, plainText, truncate, unbroken, wrap } from './text.js'

describe('plainText', () => {
  it('keeps nothing that steers a terminal', () => {
    expect(plainText('a\x1b]0;title\x07b')).toBe('ab')
    expect(plainText('a\x07')).toBe('a\ufffd')
    expect(plainText('a\x1b[31mred\x1b[0m')).toBe('ared')
    expect(plainText('x\u202ey\ud800z\0')).toBe('x\ufffdy\ufffdz\ufffd')
    expect(plainText('a\r\nb\tc')).toBe('a\nb\tc')
  })

  it('keeps joined emoji and other scripts', () => {
    const text = '👨\u200d👩\u200d👧 می\u200cخواهم שלום'
    expect(plainText(text)).toBe(text)
  })
})

describe('oneLine and truncate', () => {
  it('shows the cut', () => {
    expect(truncate('abcdef', 4)).toBe('abc…')
    expect(truncate('abcd', 4)).toBe('abcd')
    expect(oneLine(' a\n b\tc ', 20)).toBe('a b c')
  })
})

describe('wrap', () => {
  it('breaks between words and keeps indentation', () => {
    expect(wrap('one two three\n  four five', 8)).toEqual(['one two', 'three', '  four', '  five'])
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij'])
  })

  it('keeps an unbroken text on one line', () => {
    expect(wrap(`about ${unbroken('p = 0.32')} here`, 11)).toEqual(['about', 'p = 0.32', 'here'])
  })

  it('loses no word and keeps to the width', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/)), fc.integer({ min: 12, max: 40 }), (words, width) => {
        const lines = wrap(words.join(' '), width)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
        expect(lines.join(' ').split(' ').filter(Boolean)).toEqual(words)
      }),
    )
  })
})
