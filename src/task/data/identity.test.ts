import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nGrams, normalise, problemKey, problemText, withoutWrapper, words } from './identity.js'

const dapo = (problem: string) =>
  'Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer ' +
  `(without quotes) where $Answer is the answer to the problem.\n\n${problem}\n\nRemember to put your answer on its own ` +
  'line after "Answer:".'

describe('normalise', () => {
  it.each([
    ['What is $1+1$?', 'what is \\(1 + 1\\)?'],
    ['$\\dfrac{1}{2}$', '\\[ \\frac{1}{2} \\]'],
    ['\\left( x \\right)', '(x)'],
    ['a\\,b\\;c~d\\quad e', 'a b c d e'],
    ['ﬁnd x²', 'find x2'],
    ['Line one\nline two', 'line one line two'],
    [dapo('Find $x$.'), 'Find x.'],
  ])('takes %j for %j', (a, b) => {
    expect(normalise(a)).toBe(normalise(b))
    expect(problemKey(a)).toBe(problemKey(b))
  })

  it.each([
    ['Find 3x.', 'Find 4x.'],
    ['\\leftarrow', 'arrow'],
    ['x - 1', 'x + 1'],
  ])('keeps %j and %j apart', (a, b) => {
    expect(normalise(a)).not.toBe(normalise(b))
  })

  it('is keyed by its SHA-256', () => {
    expect(problemKey(' A b ')).toBe(createHash('sha256').update('ab').digest('hex'))
  })

  it('is the same with white space anywhere between words', () => {
    const text = fc.array(fc.stringMatching(/^[a-z0-9+=]{1,5}$/), { minLength: 1 })
    const space = fc.constantFrom(' ', '\n', '\t', '  ', '\\,', '~')
    fc.assert(
      fc.property(text, space, (parts, between) => {
        expect(problemKey(parts.join(between))).toBe(problemKey(parts.join('')))
      }),
    )
  })
})

describe('words and n-grams', () => {
  it('split at what is no letter or digit, Han characters one by one', () => {
    expect(words('Find $x_1$, if 3.5y=2.')).toEqual(['find', 'x', '1', 'if', '3', '5y', '2'])
    expect(words('求方程x2的解')).toEqual(['求', '方', '程', 'x2', '的', '解'])
  })

  it('has the whole of a text that is shorter than n, and nothing of one without words', () => {
    expect([...nGrams('a b c', 2)]).toEqual(['a b', 'b c'])
    expect([...nGrams('a b c', 3)]).toEqual(['a b c'])
    expect([...nGrams('a b', 3)]).toEqual(['a b'])
    expect(nGrams('+ -', 3).size).toBe(0)
  })
})

describe('problem texts', () => {
  it('lose the instructions of a known set, and nothing else', () => {
    expect(withoutWrapper(dapo('Find x.'))).toBe('Find x.')
    expect(withoutWrapper(' Find x. ')).toBe(' Find x. ')
  })

  it('of a chat are what its user says', () => {
    const chat = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: '1' },
      { role: 'user', content: 'Two?' },
    ]
    expect(problemText(chat)).toBe('One?\n\nTwo?')
  })
})

describe('layout', () => {
  const text = 'Let $f(x) = \\left( \\frac{x}{2} + 3 \\right)^2$. Find f(4).'
  it.each([
    ['\\bigl( \\frac{x}{2} + 3 \\bigr)'],
    ['\\Biggl( \\frac{x}{2} + 3 \\Biggr)'],
    ['\\big(\\frac{x}{2}\\thinspace+\\enspace3\\big)'],
    ['\\left(\\cfrac{x}{2}\\hspace{2mm}+\\hspace*{-1em} 3\\right)'],
    ['( \\displaystyle\\frac{x}{2}\u200b +\u2060 3\u00ad )'],
    ['(\\frac{x}{2}\\mkern3mu+3)'],
  ])('of %j changes no key', (formula) => {
    const other = text.replace('\\left( \\frac{x}{2} + 3 \\right)', formula)
    expect(problemKey(other)).toBe(problemKey(text))
    expect(words(other)).toEqual(words(text))
  })

  it.each(['\\bigcup', '\\lefteqn', '\\spaces', '\\partial', '\\parallel'])('is not %s', (command) => {
    expect(problemKey(`${command} A`)).not.toBe(problemKey('A'))
  })
})
