/**
 * Tokens that jinja2's grammar has and the library's parser does not, written with those that it has:
 *
 *   x is divisibleby 3     ->  x | "is divisibleby" (3)
 *   a not in b             ->  one operator
 *   {% generation %}       ->  {% call generation() %}
 *
 * What cannot be written so is refused by name.
 */

import type { Token } from './lexer.js'
import { UnsupportedTemplate } from './values.js'

const keywords = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'elif', 'set', 'for'])
const statements =
  'set if elif else endif for endfor macro endmacro call endcall filter endfilter endset break continue'
const known = new Set(statements.split(' '))
const refused = new Set('include import from extends block autoescape with do trans'.split(' '))
/** Name of the function that a generation block calls; no template can write it. */
export const generation = 'generation block'

export function rewriteTokens(tokens: readonly Token[]): Token[] {
  const out: Token[] = []
  for (let i = 0; i < tokens.length; ) {
    if (tokens[i].type !== 'OpenStatement') {
      i = rewriteExpression(tokens, i, out)
      continue
    }
    const name = tokens[i + 1]?.value
    if (name === 'generation' || name === 'endgeneration') {
      out.push(tokens[i], word(name === 'generation' ? 'call' : 'endcall'))
      if (name === 'generation') out.push(word(generation), mark('OpenParen', '('), mark('CloseParen', ')'))
      i += 2
      continue
    }
    if (refused.has(name)) throw new UnsupportedTemplate(`the statement {% ${name} %}`)
    if (!known.has(name)) throw new Error(`unknown statement {% ${name} %}`)
    out.push(tokens[i], tokens[i + 1])
    i += 2
  }
  return out
}

const mark = (type: Token['type'], value: string): Token => ({ type, value, depth: 0 })
const word = (value: string): Token => mark('Identifier', value)

const isWord = (token: Token | undefined, value: string): boolean =>
  token?.type === 'Identifier' && token.value === value

/** An operator, not an operand, follows the token. */
function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.type === 'Identifier') return !keywords.has(token.value)
  return ['NumericLiteral', 'StringLiteral', 'CloseParen', 'CloseSquareBracket', 'CloseCurlyBracket'].includes(
    token.type,
  )
}

/** Writes the token at `i`, or the test or operator that begins there. Returns where the next one begins. */
function rewriteExpression(tokens: readonly Token[], i: number, out: Token[]): number {
  const token = tokens[i]
  const before = tokens[i - 1]
  const isOperator = token.type === 'Identifier' && before?.type !== 'Dot' && endsOperand(before)
  if (isOperator && token.value === 'not' && isWord(tokens[i + 1], 'in')) {
    out.push({ type: 'ComparisonBinaryOperator', value: 'not in', depth: token.depth })
    return i + 2
  }
  if (isOperator && token.value === 'recursive' && tokens[i + 1]?.type === 'CloseStatement') {
    throw new UnsupportedTemplate('a recursive loop')
  }
  if (!isOperator || token.value !== 'is') {
    out.push(token)
    return i + 1
  }
  const negated = isWord(tokens[i + 1], 'not')
  const at = i + (negated ? 2 : 1)
  const name = tokens[at]
  if (name?.type !== 'Identifier') throw new Error('a test has no name')
  out.push(mark('Pipe', '|'), word(`is ${negated ? 'not ' : ''}${name.value}`))
  const argument = tokens[at + 1]
  if (!beginsArgument(argument)) return at + 1
  if (argument.type === 'OpenParen') return at + 1
  const end = operandEnd(tokens, at + 1)
  out.push(mark('OpenParen', '('))
  for (let k = at + 1; k < end; ) k = rewriteExpression(tokens, k, out)
  out.push(mark('CloseParen', ')'))
  return end
}

function beginsArgument(token: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.type === 'Identifier') return !['else', 'or', 'and', 'is', 'if', 'in', 'not'].includes(token.value)
  return ['NumericLiteral', 'StringLiteral', 'OpenParen', 'OpenSquareBracket', 'OpenCurlyBracket'].includes(token.type)
}

/** Behind one operand with its attributes, indices, and calls. */
function operandEnd(tokens: readonly Token[], begin: number): number {
  let at = begin
  const skip = (): void => {
    const { type, depth } = tokens[at]
    at++
    if (type !== 'OpenParen' && type !== 'OpenSquareBracket' && type !== 'OpenCurlyBracket') return
    while (tokens[at] !== undefined && tokens[at].depth >= depth) at++
    at++
  }
  skip()
  for (;;) {
    const type = tokens[at]?.type
    if (type === 'Dot') at += 2
    else if (type === 'OpenParen' || type === 'OpenSquareBracket') skip()
    else return at
  }
}
