import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/task/math/budget.js'
import { equivalent } from '../../src/task/math/compare.js'
import { grade, gradeRules } from '../../src/task/math/grade.js'
import { readAnswer } from '../../src/task/math/read.js'
import { equal } from './equal.js'

const references = Object.values(equal).flatMap((groups) => groups.map(([reference]) => reference))

const piece = fc.constantFrom(
  ...['\\frac', '\\sqrt', '{', '}', '(', ')', '[', ']', '\\{', '\\}', ',', '^', '_', '+', '-', '*', '/', '=', '<', '|'],
  ...['1', '23', '4.5', 'x', 'y', 'i', 'e', '\\pi', '\\infty', '\\pm', '\\cup', '\\text{a}', '\\begin{pmatrix}', '&'],
  ...[
    '\\\\',
    '\\end{pmatrix}',
    '\\sin',
    '\\log_',
    '%',
    '!',
    '\\boxed{',
    '$',
    ' ',
    '\n',
    'Answer:',
    '####',
    '\\le',
    ':',
    ...[
      '\\approx',
      '\\equiv',
      '\\pmod{7}',
      '\\det',
      '\\cdot',
      '\\begin{cases}',
      '\\end{cases}',
      "'",
      '"',
      '\\in',
      '\\cis',
    ],
    ...[
      ' is ',
      ' and ',
      ' or ',
      '<answer>',
      '</answer>',
      '**',
      '\\\\frac',
      '\\ne',
      '.',
      '\\overline{',
      '~',
      '_{16}',
      '^T',
      'cm',
    ],
  ],
)
const noise = fc.oneof(
  fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 60 }),
)

describe('grading', () => {
  it('has a verdict on anything', () => {
    fc.assert(
      fc.property(noise, noise, fc.constantFrom(...gradeRules), (response, answer, rule) => {
        const verdict = grade(response, answer, { rule })
        expect(typeof verdict.correct).toBe('boolean')
        if (verdict.correct) expect(verdict.extracted).not.toBeNull()
        expect(verdict.reason).not.toBe('')
      }),
      { numRuns: 3000 },
    )
  })

  it('finds every answer equal to itself', () => {
    fc.assert(
      fc.property(fc.oneof(noise, fc.constantFrom(...references)), (text) => {
        const answer = text.trim()
        // What is empty, or closes the box early, is another answer.
        const verdict = grade(`\\boxed{${answer}}`, answer)
        fc.pre(answer !== '' && verdict.extracted === answer && !/\\boxed|\\fbox|####/.test(answer))
        expect(verdict.correct).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('is symmetric between plain values', () => {
    const value = fc.oneof(
      fc.integer({ min: -50, max: 50 }).map(String),
      fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 9 })).map(([n, d]) => `\\frac{${n}}{${d}}`),
      fc.integer({ min: -500, max: 500 }).map((n) => (n / 100).toString()),
      fc.nat(30).map((n) => `\\sqrt{${n}}`),
    )
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(grade(`\\boxed{${a}}`, b).correct).toBe(grade(`\\boxed{${b}}`, a).correct)
      }),
      { numRuns: 1000 },
    )
  })

  it('agrees with fractions of whole numbers', () => {
    const whole = fc.integer({ min: -60, max: 60 })
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 40 }), whole, fc.integer({ min: 1, max: 40 }), (a, b, c, d) => {
        expect(grade(`\\boxed{\\frac{${a}}{${b}}}`, `${c}/${d}`).correct).toBe(a * d === b * c)
      }),
      { numRuns: 1000 },
    )
  })

  it('knows a polynomial from its neighbours', () => {
    const coefficients = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 })
    const product = ([a, b, c]: number[]) => `(${a}x+${b})(x-${c})`
    // (ax + b)(x - c) = ax^2 + (b - ac)x - bc
    const expanded = ([a, b, c]: number[]) => [a!, b! - a! * c!, -b! * c!]
    const spelled = ([p, q, r]: number[]) => `${p}x^2+${q}x+${r}`
    fc.assert(
      fc.property(coefficients, coefficients, (f, g) => {
        const same = expanded(f).every((coefficient, i) => coefficient === expanded(g)[i])
        expect(grade(`\\boxed{${product(f)}}`, spelled(expanded(g))).correct).toBe(same)
      }),
    )
  })
})

describe('hostile answers', () => {
  const n = 20_000
  const hostile: Record<string, string> = {
    'a tower of powers': `9^{${'9^{'.repeat(30)}9${'}'.repeat(31)}`,
    'a plain tower': '9^9^9^9^9^9^9^9',
    'a huge exponent': '(1+10^{-9})^{10^{30}}',
    'a huge power of a variable': '(x+1)^{99999999999}',
    'powers of powers of variables': '((((x^{999})^{999})^{999})^{999})^{999}',
    'factorials of factorials': '9!!!!!!!!!!',
    'a large binomial': '\\binom{100000000}{50000000}',
    'deep braces': `${'{'.repeat(n)}1${'}'.repeat(n)}`,
    'deep parentheses': `${'('.repeat(1500)}1${')'.repeat(1500)}`,
    'deep fractions': `${'\\frac{1}{'.repeat(300)}1${'}'.repeat(300)}`,
    'deep roots': `${'\\sqrt{'.repeat(300)}2${'}'.repeat(300)}`,
    'deep text': `${'\\text{'.repeat(300)}2${'}'.repeat(300)}`,
    'many minus signs': `${'-'.repeat(1999)}1`,
    'many bars': '|'.repeat(1000),
    'many plus-minuses': '\\pm1'.repeat(900),
    'a long sum of roots': Array.from({ length: 400 }, (_, i) => `\\sqrt{${i}}`).join('+'),
    'a long list': Array.from({ length: 700 }, (_, i) => `${i}x`).join(','),
    'a long number': '7'.repeat(3900),
    'a large exponent of ten': '1e99999',
    'many signs in a set': `\\{${'\\pm1,'.repeat(500)}1\\}`,
    'unions of unions': Array.from({ length: 300 }, (_, i) => `(${i},${i + 1}]`).join('\\cup'),
    'conditions upon conditions': `${'x>1\\text{ and }'.repeat(150)}x<2`,
    'stacked fractions': `${'{1\\over'.repeat(300)}2${'}'.repeat(300)}`,
    'long repeating digits': `0.\\overline{${'3'.repeat(3900)}}`,
    'transposed again and again': `\\begin{pmatrix}1&2\\end{pmatrix}${'^T'.repeat(500)}`,
    'ten megabytes of boxes': '\\boxed{'.repeat(1_400_000),
    'a megabyte of NUL': '\0'.repeat(1_000_000),
    'a right-to-left mark': '\u202e1\u202c',
    'half a surrogate pair': '\ud83d'.repeat(1000),
    'a megabyte of digits': '1'.repeat(1_000_000),
    'a megabyte of braces': '{}'.repeat(500_000),
    'a megabyte of boxes': '\\boxed{1}'.repeat(110_000),
    'a megabyte of spaces': ' '.repeat(1_000_000),
    'a megabyte of answers': 'Answer: '.repeat(125_000),
    'a megabyte of dollars': '$'.repeat(1_000_000),
    'a megabyte of equals': '='.repeat(1_000_000),
    'emphasis in emphasis': '`'.repeat(3000),
    stars: '*'.repeat(3999),
    'a table of escapes': '\\\\frac'.repeat(600),
    'nested lists of matrices': '\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}'.repeat(80),
    'a matrix to a power to a power': `\\begin{pmatrix}x&y\\\\z&w\\end{pmatrix}${'^{3}'.repeat(20)}`,
    'a large determinant': `\\begin{vmatrix}${Array.from({ length: 9 }, () => Array(9).fill('x').join('&')).join('\\\\')}\\end{vmatrix}`,
  }

  it.each(Object.entries(hostile))('%s: a verdict, within the budget', (_, text) => {
    // `limit` counts operations, not time; that grade() returns at all shows that nothing escapes the count.
    expect(grade(`\\boxed{${text}}`, '1').extracted?.length ?? 0).toBeLessThanOrEqual(4003)
    expect(grade(text, '\\sqrt{2}+x').correct).toBe(false)
    const budget = new Budget(100_000)
    try {
      const answer = readAnswer(text, budget)
      equivalent(answer, readAnswer('\\sqrt{2}+x', budget), budget)
      equivalent(readAnswer(`${text.slice(0, 3000)}+1`, budget), answer, budget)
    } catch (error) {
      expect((error as Error).name).toBe('OverBudget')
    }
    expect(budget.spent).toBeLessThan(110_000)
  })

  it.each([
    '$',
    ' ',
    '{',
    '{}',
    '\\',
    '$ ',
    ' $',
    '\\(',
    '`',
    '*',
    '. ',
    '1 ',
    '=',
    '\\text{',
    '\\boxed{1} and ',
    '<|a|>',
  ])('takes 200,000 times %j in a box, around it, and as a reference', (unit) => {
    // A quadratic expression takes minutes here: that this returns at all is the test.
    const text = unit.repeat(200_000)
    for (const rule of gradeRules) {
      expect(grade(`\\boxed{1${text}2}`, '1', { rule }).correct).toBe(false)
      expect(grade(`${text}a 2`, '1', { rule }).correct).toBe(false)
      expect(grade(`Answer: ${text}a 2`, '1', { rule }).correct).toBe(false)
      expect(grade('\\boxed{1}', `3${text}2`, { rule }).correct).toBe(false)
    }
  })

  it('spends more on longer answers only up to the limit', () => {
    const spent = (length: number) => {
      const budget = new Budget(1e9)
      const text = Array.from({ length }, (_, i) => `x^{${i}}`).join('+')
      equivalent(readAnswer(text, budget), readAnswer(`${text}+1`, budget), budget)
      return budget.spent
    }
    expect(spent(100)).toBeGreaterThan(spent(10))
    expect(spent(300)).toBeLessThan(100_000)
  })
})
