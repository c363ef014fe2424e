/**
 * Whole-number expressions over + - * and parentheses: a small parser of our own, so that what a model wrote is read,
 * never run. A parsed expression is kept flat, a sum of signed terms or a product of factors, which makes
 * two spellings of one calculation the same tree up to order: 3+5*2 and 2*5+3, or 9-(4-1) and 1+9-4.
 */
import { shuffle } from '../shuffle.js'
import type { Rng } from '../types.js'

export type Expression =
  | { kind: 'number'; value: number }
  /** Terms are numbers or products, at least two. */
  | { kind: 'sum'; value: number; terms: { sign: 1 | -1; term: Expression }[] }
  /** Factors are numbers or sums, at least two. */
  | { kind: 'product'; value: number; factors: Expression[] }

export type ParseResult = { expression: Expression; numbers: number[] } | { error: string }

/** Longer text is refused unread, which also bounds the parser's recursion. */
export const longestExpression = 256

const tokenPattern = /\s*(?:(\d+)|([-+*()]))/y

/** Reads a whole expression; `numbers` are its literals in the order written. Signs and leading zeros are errors. */
export function parseExpression(text: string): ParseResult {
  if (text.length > longestExpression) return { error: `longer than ${longestExpression} characters` }
  const tokens: string[] = []
  const end = text.trimEnd().length
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < end) {
    const start = tokenPattern.lastIndex
    const match = tokenPattern.exec(text)
    if (match === null) return { error: `unexpected '${text.slice(start).trim().charAt(0)}'` }
    tokens.push(match[1] ?? match[2]!)
  }
  const numbers: number[] = []
  let next = 0
  let error: string | undefined

  const fail = (): Expression => {
    error ??= next < tokens.length ? `unexpected '${tokens[next]}'` : 'unexpected end'
    return number(0)
  }
  const atom = (): Expression => {
    const token = tokens[next]
    if (token === '(') {
      next++
      const inner = sum()
      if (tokens[next] !== ')') return fail()
      next++
      return inner
    }
    if (token === undefined || !/^(?:0|[1-9]\d*)$/.test(token)) return fail()
    const value = Number(token)
    if (!Number.isSafeInteger(value)) return fail()
    next++
    numbers.push(value)
    return number(value)
  }
  const product = (): Expression => {
    const factors = [atom()]
    while (error === undefined && tokens[next] === '*') {
      next++
      factors.push(atom())
    }
    return makeProduct(factors)
  }
  const sum = (): Expression => {
    const terms: { sign: 1 | -1; term: Expression }[] = [{ sign: 1, term: product() }]
    while (error === undefined && (tokens[next] === '+' || tokens[next] === '-')) {
      const sign = tokens[next] === '+' ? 1 : -1
      next++
      terms.push({ sign, term: product() })
    }
    return makeSum(terms)
  }
  const expression = sum()
  if (error === undefined && next < tokens.length) fail()
  return error === undefined ? { expression, numbers } : { error }
}

export function number(value: number): Expression {
  return { kind: 'number', value }
}

/** The sum, with sums among its terms dissolved into it. */
export function makeSum(terms: readonly { sign: 1 | -1; term: Expression }[]): Expression {
  if (terms.length === 1 && terms[0]!.sign === 1) return terms[0]!.term
  const flat = terms.flatMap(({ sign, term }) =>
    term.kind === 'sum'
      ? term.terms.map((inner) => ({ sign: (sign * inner.sign) as 1 | -1, term: inner.term }))
      : [{ sign, term }],
  )
  return { kind: 'sum', value: flat.reduce((total, { sign, term }) => total + sign * term.value, 0), terms: flat }
}

/** The product, with products among its factors dissolved into it. */
export function makeProduct(factors: readonly Expression[]): Expression {
  if (factors.length === 1) return factors[0]!
  const flat = factors.flatMap((factor) => (factor.kind === 'product' ? factor.factors : [factor]))
  return { kind: 'product', value: flat.reduce((total, factor) => total * factor.value, 1), factors: flat }
}

/** Writes an expression with its operands ordered by `order`, which gets the operands' texts and may reorder them. */
function write(expression: Expression, order: (texts: string[]) => string[]): string {
  if (expression.kind === 'number') return String(expression.value)
  if (expression.kind === 'product') {
    const factors = expression.factors.map((factor) =>
      factor.kind === 'sum' ? `(${write(factor, order)})` : write(factor, order),
    )
    return order(factors).join('*')
  }
  const texts = expression.terms.map(({ sign, term }) => (sign === 1 ? '+' : '-') + write(term, order))
  const ordered = order(texts)
  const first = ordered.findIndex((text) => text.startsWith('+'))
  const [head] = ordered.splice(first, 1)
  return head!.slice(1) + ordered.join('')
}

/** One spelling for all expressions that differ only in the order of terms and factors and in needless parentheses. */
export function canonical(expression: Expression): string {
  return write(expression, (texts) => texts.sort())
}

/** A random spelling: the operands of every sum and product in random order. */
export function respell(expression: Expression, rng: Rng): string {
  return write(expression, (texts) => shuffle(texts, rng))
}
