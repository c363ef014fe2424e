/**
 * Source of a template to the library's tokens, as jinja2 splits it with `trim_blocks` and `lstrip_blocks`. The library's
 * own lexer works with patterns over the whole text, which differ (inside of strings, with `+%}`, in raw blocks) and take
 * quadratic time on some texts.
 */

import type { parse } from '@huggingface/jinja'
import { limits } from './budget.js'
import { pythonSpace, stripEnd } from './text.js'
import { UnsupportedTemplate } from './values.js'

/** `depth`: how many brackets are open. The parser keeps operators' tokens, so this tells `(a + b) ~ c` from `a + b ~ c`. */
export interface Token {
  type: Parameters<typeof parse>[0][number]['type']
  value: string
  depth: number
}

const space = new RegExp(`[${pythonSpace}]+`, 'y')
const tagBegin = /\{[%{#]/g
const rawBegin = new RegExp(`[${pythonSpace}]*raw[${pythonSpace}]*(-?%\\})`, 'y')
const rawEnd = new RegExp(`\\{%([-+]?)[${pythonSpace}]*endraw[${pythonSpace}]*([-+]?)%\\}`, 'g')
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
const name = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy
const operator = /\*\*|\/\/|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y

const types: Record<string, Token['type']> = {
  '(': 'OpenParen',
  ')': 'CloseParen',
  '{': 'OpenCurlyBracket',
  '}': 'CloseCurlyBracket',
  '[': 'OpenSquareBracket',
  ']': 'CloseSquareBracket',
  ',': 'Comma',
  '.': 'Dot',
  ':': 'Colon',
  '|': 'Pipe',
  '=': 'Equals',
  '+': 'AdditiveBinaryOperator',
  '-': 'AdditiveBinaryOperator',
  '~': 'AdditiveBinaryOperator',
  '*': 'MultiplicativeBinaryOperator',
  '/': 'MultiplicativeBinaryOperator',
  '//': 'MultiplicativeBinaryOperator',
  '%': 'MultiplicativeBinaryOperator',
  '**': 'ExponentiationBinaryOperator',
}
for (const each of ['<', '>', '<=', '>=', '==', '!=']) types[each] = 'ComparisonBinaryOperator'

const closing: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

/** Where in the source something is wrong. */
export class TemplateSyntaxError extends Error {
  constructor(what: string, source: string, at: number) {
    super(`line ${source.slice(0, at).split('\n').length}: ${what}`)
  }
}

/** @throws {@link TemplateSyntaxError} when jinja2 would refuse the text, {@link UnsupportedTemplate} when it is too long */
export function tokenizeTemplate(template: string): Token[] {
  if (template.length > limits.source) {
    throw new UnsupportedTemplate(`a template of more than ${limits.source.toLocaleString('en-US')} characters`)
  }
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '')
  return new Lexer(source).run()
}

class Lexer {
  readonly #source: string
  readonly #tokens: Token[] = []
  #at = 0
  /** The tag before ended with a newline, or there is none before. */
  #lineStarts = true

  constructor(source: string) {
    this.#source = source
  }

  run(): Token[] {
    while (this.#at < this.#source.length) {
      tagBegin.lastIndex = this.#at
      const begin = tagBegin.exec(this.#source)
      if (begin === null) {
        this.#text(this.#source.slice(this.#at))
        break
      }
      const data = this.#source.slice(this.#at, begin.index)
      this.#at = begin.index + 2
      const sign = /[-+]/.test(this.#source.charAt(this.#at)) ? this.#source[this.#at++] : ''
      this.#text(this.#stripped(data, sign, begin[0] === '{{'))
      if (begin[0] === '{#') this.#comment()
      else if (begin[0] === '{%' && this.#match(rawBegin) !== undefined) this.#raw()
      else this.#tag(begin[0] === '{{' ? 'Expression' : 'Statement')
      this.#lineStarts = this.#source[this.#at - 1] === '\n'
    }
    return this.#tokens
  }

  #push(type: Token['type'], value: string, depth = 0): void {
    this.#tokens.push({ type, value, depth })
  }

  #text(value: string): void {
    if (value !== '') this.#push('Text', value)
  }

  #fail(what: string, at = this.#at): never {
    throw new TemplateSyntaxError(what, this.#source, at)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#source)
    if (match === null) return undefined
    this.#at = pattern.lastIndex
    return match[1] ?? match[0]
  }

  /** `lstrip_blocks`: a block, comment, or raw tag takes the space before it when nothing else is on its line. */
  #stripped(data: string, sign: string, isExpression: boolean): string {
    if (sign === '-') return stripEnd(data)
    if (sign === '+' || isExpression) return data
    const line = data.lastIndexOf('\n') + 1
    return (line > 0 || this.#lineStarts) && stripEnd(data.slice(line)) === '' ? data.slice(0, line) : data
  }

  /** What follows a tag's end: `-` takes all white space, `trim_blocks` a newline. */
  #trim(sign: string, newline: boolean): void {
    if (sign === '-') this.#match(space)
    else if (sign === '' && newline && this.#source[this.#at] === '\n') this.#at++
  }

  #comment(): void {
    const end = this.#source.indexOf('#}', this.#at)
    if (end < 0) this.#fail('a comment has no end')
    const sign = end > this.#at && /[-+]/.test(this.#source[end - 1]) ? this.#source[end - 1] : ''
    this.#at = end + 2
    this.#trim(sign, true)
  }

  #raw(): void {
    if (this.#source[this.#at - 3] === '-') this.#match(space)
    rawEnd.lastIndex = this.#at
    const end = rawEnd.exec(this.#source)
    if (end === null) this.#fail('a raw block has no end')
    const data = this.#source.slice(this.#at, end.index)
    // As in jinja2, the text of the block begins a line only if the tag's own line ended.
    this.#lineStarts = this.#source[this.#at - 1] === '\n'
    this.#text(this.#stripped(data, end[1], false))
    this.#at = end.index + end[0].length
    this.#trim(end[2], true)
  }

  #tag(kind: 'Expression' | 'Statement'): void {
    const [begin, end] = kind === 'Expression' ? ['{{', '}}'] : ['{%', '%}']
    const opened = this.#at
    this.#push(`Open${kind}`, begin)
    const open: string[] = []
    for (;;) {
      this.#match(space)
      if (this.#at >= this.#source.length) this.#fail(`a tag has no end: ${begin}`, opened)
      if (open.length === 0) {
        const sign = this.#source.startsWith(`-${end}`, this.#at)
          ? '-'
          : kind === 'Statement' && this.#source.startsWith(`+${end}`, this.#at)
            ? '+'
            : ''
        if (this.#source.startsWith(end, this.#at + sign.length)) {
          this.#at += sign.length + 2
          this.#push(`Close${kind}`, end)
          this.#trim(sign, kind === 'Statement')
          return
        }
      }
      this.#token(open)
    }
  }

  #token(open: string[]): void {
    const begin = this.#at
    const number = (this.#source[begin - 1] === '.' ? undefined : this.#match(float)) ?? this.#match(integer)
    const word = number === undefined ? this.#match(name) : undefined
    const quote = this.#source[begin]
    if (number !== undefined) this.#number(number.replaceAll('_', ''), open.length)
    else if (word !== undefined) this.#push('Identifier', word, open.length)
    else if (quote === "'" || quote === '"') this.#push('StringLiteral', this.#string(quote), open.length)
    else this.#operator(open)
  }

  #operator(open: string[]): void {
    const begin = this.#at
    const sign = this.#match(operator)
    if (sign === undefined || types[sign] === undefined) {
      this.#fail(`unexpected character ${JSON.stringify(this.#source[begin])}`, begin)
    }
    if (closing[sign] !== undefined) {
      open.push(closing[sign])
      if (open.length > limits.depth) this.#fail(`more than ${limits.depth} brackets inside each other`)
    } else if (sign === ')' || sign === ']' || sign === '}') {
      if (open.pop() !== sign) this.#fail(`unexpected '${sign}'`, begin)
    }
    this.#push(types[sign], sign, open.length)
  }

  /** The parser tells a float by its point. */
  #number(digits: string, depth: number): void {
    const isFloat = /^\d+(?:\.|e)/i.test(digits)
    const value = Number(digits)
    if (!isFloat && !Number.isSafeInteger(value)) throw new UnsupportedTemplate('an integer beyond 2^53')
    if (isFloat && !Number.isFinite(value)) throw new UnsupportedTemplate('an infinite number')
    this.#push(
      'NumericLiteral',
      isFloat ? (digits.includes('.') ? digits : digits.replace(/e/i, '.0e')) : String(value),
      depth,
    )
  }

  /** A literal of Python, without its quotes. */
  #string(quote: string): string {
    let value = ''
    let at = this.#at + 1
    for (;;) {
      const begin = at
      while (at < this.#source.length && this.#source[at] !== quote && this.#source[at] !== '\\') at++
      value += this.#source.slice(begin, at)
      if (at >= this.#source.length) this.#fail('a string has no end')
      if (this.#source[at] === quote) break
      const escaped = escapeAt(this.#source, at)
      if (escaped === undefined)
        this.#fail(`the escape ${JSON.stringify(this.#source.slice(at, at + 4))} is not valid`, at)
      value += escaped.text
      at += escaped.length
    }
    this.#at = at + 1
    return value
  }
}

const escapes: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** The escape at a backslash, as Python's `unicode-escape` reads it; an unknown one stays as it is written. */
function escapeAt(source: string, at: number): { text: string; length: number } | undefined {
  const letter = source.charAt(at + 1)
  const simple = escapes[letter]
  if (simple !== undefined) return { text: simple, length: 2 }
  const digits = { x: 2, u: 4, U: 8 }[letter]
  if (digits !== undefined) {
    const code = source.slice(at + 2, at + 2 + digits)
    if (code.length !== digits || !/^[\da-f]+$/i.test(code) || Number.parseInt(code, 16) > 0x10ffff) return undefined
    return { text: String.fromCodePoint(Number.parseInt(code, 16)), length: 2 + digits }
  }
  const octal = /^[0-7]{1,3}/.exec(source.slice(at + 1, at + 4))?.[0]
  if (octal !== undefined) return { text: String.fromCharCode(Number.parseInt(octal, 8)), length: 1 + octal.length }
  if (letter === 'N') throw new UnsupportedTemplate('an escape \\N{...} by name')
  return { text: `\\${letter}`, length: 1 + letter.length }
}
