import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignTokens } from './token-texts.js'

describe('alignTokens', () => {
  it('gives a dropped space back to its token', () => {
    expect(alignTokens(['The', 'sum', 'is', '7', '.'], 'The sum is 7.')).toEqual(['The', ' sum', ' is', ' 7', '.'])
  })

  it('leaves special tokens alone', () => {
    expect(alignTokens(['a', '<|im_end|>'], 'a')).toEqual(['a', '<|im_end|>'])
    expect(alignTokens(['<s>', 'a', 'b'], 'a b')).toEqual(['<s>', 'a', ' b'])
  })

  it('finds its way again behind pieces of a character', () => {
    expect(alignTokens(['\ufffd', '\ufffd', 'yes', 'no'], '😀 yes no')).toEqual(['\ufffd', '\ufffd', 'yes', ' no'])
  })

  it('changes nothing where the texts are the completion', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 6 })), (texts) => {
        expect(alignTokens(texts, texts.join(''))).toEqual(texts)
      }),
    )
  })
})
