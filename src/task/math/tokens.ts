/** Cuts a cleaned answer into tokens. */
import type { Budget } from './budget.js'
import { functions, isShortWord, variableRun } from './vocabulary.js'

export type TokenKind = 'number' | 'letter' | 'command' | 'word' | 'mark'

export interface Token {
  kind: TokenKind
  text: string
  /** Whether white space stands before it. */
  space: boolean
}

/** Thrown where an answer is not mathematics that this reads; it is then compared as text. */
export class Unreadable extends Error {
  override name = 'Unreadable'
}

const mostTokens = 1500

const pattern = new RegExp(
  [
    /(?<space>\s+)/,
    /(?<number>\d{1,3}(?:(?:\{,\}|,)\d{3})+(?!\d|,\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)/,
    /(?<letters>[A-Za-z]+)/,
    /(?<command>\\[A-Za-z]+\*?)/,
    /(?<escaped>\\[^A-Za-z])/,
    /(?<mark>\*\*|<=|>=|!=|==|[^\s\w\\]|_)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
)

/** Commands that wrap text or a font around their argument. */
const wrappers = new Set(
  'text textbf textit textrm textnormal textsf texttt textup emph mbox hbox mathrm mathbf mathit mathsf mathcal mathbb operatorname boldsymbol bm rm bf it vec overrightarrow hat bar overline underline ensuremath boxed fbox framebox'.split(
    ' ',
  ),
)
const textual = new Set('text textbf textit textrm textnormal textsf texttt textup emph mbox hbox'.split(' '))

const renamed: Readonly<Record<string, string>> = {
  dfrac: 'frac',
  tfrac: 'frac',
  cfrac: 'frac',
  nicefrac: 'frac',
  sfrac: 'frac',
  tbinom: 'binom',
  dbinom: 'binom',
  leq: 'le',
  leqslant: 'le',
  geq: 'ge',
  geqslant: 'ge',
  neq: 'ne',
  leqq: 'le',
  geqq: 'ge',
  approxeq: 'approx',
  thickapprox: 'approx',
  simeq: 'approx',
  doteq: 'approx',
  implies: 'Rightarrow',
  Longrightarrow: 'Rightarrow',
  lt: 'less',
  gt: 'greater',
  lbrace: 'openBrace',
  rbrace: 'closeBrace',
  lvert: 'bar',
  rvert: 'bar',
  vert: 'bar',
  mid: 'bar',
  ast: 'cdot',
  degree: 'circ',
  varnothing: 'emptyset',
  infin: 'infty',
  inf: 'infty',
  infinity: 'infty',
  lbrack: 'openBracket',
  rbrack: 'closeBracket',
  land: 'and',
  lor: 'or',
  vee: 'or',
  wedge: 'and',
  varphi: 'phi',
  vartheta: 'theta',
  varepsilon: 'epsilon',
  bigcup: 'cup',
  bigcap: 'cap',
  colon: 'colon',
}
const renamedMarks: Readonly<Record<string, string>> = {
  less: '<',
  greater: '>',
  bar: '|',
  openBracket: '[',
  closeBracket: ']',
  colon: ':',
}

/** `prose`: the text of \\text{}, in which letters are words, not variables. */
export function tokenize(text: string, budget: Budget, depth = 0, prose = false): Token[] {
  if (depth > 8) throw new Unreadable('deep nesting')
  const tokens: Token[] = []
  let space = false
  const push = (kind: TokenKind, value: string) => {
    tokens.push({ kind, text: value, space })
    space = false
    if (tokens.length > mostTokens) throw new Unreadable('too long')
  }
  for (let at = 0; at < text.length; ) {
    budget.spend(1)
    pattern.lastIndex = at
    const groups = pattern.exec(text)?.groups
    if (groups === undefined) throw new Unreadable(`'${text.charAt(at)}'`)
    at = pattern.lastIndex
    if (groups.space !== undefined) space = true
    else if (groups.number !== undefined) {
      const exponent = scientific(text, at, groups.number)
      at += exponent.length
      push('number', groups.number.replaceAll(/\{,\}|,/g, '') + exponent)
    } else if (groups.letters !== undefined) letters(groups.letters, text.charAt(at), prose, push)
    else if (groups.escaped !== undefined) push('mark', groups.escaped)
    else if (groups.mark !== undefined) push('mark', groups.mark)
    else {
      const name = groups.command!.slice(1)
      if (wrappers.has(name)) {
        const argument = braced(text, at)
        if (argument !== undefined) {
          at = argument.end
          for (const token of wrapped(name, argument.content, budget, depth)) {
            tokens.push({ ...token, space: token.space || space })
            space = false
          }
          if (tokens.length > mostTokens) throw new Unreadable('too long')
        }
      } else {
        const known = Object.hasOwn(renamed, name) ? renamed[name]! : name
        const mark = Object.hasOwn(renamedMarks, known) ? renamedMarks[known] : undefined
        if (mark !== undefined) push('mark', mark)
        else if (known === 'openBrace' || known === 'closeBrace') push('mark', known === 'openBrace' ? '\\{' : '\\}')
        else if (known === 'or' || known === 'and') push('word', known)
        else push('command', known)
      }
    }
  }
  return tokens
}

/**
 * The exponent of `1e5`, `2.5e-3` or `3E8`. A single digit times Euler's number, `2e-1`, is no such thing: only what
 * nobody writes for a product counts (a mantissa of 1 or with a point, a capital, a sign +, two digits of exponent).
 */
function scientific(text: string, at: number, mantissa: string): string {
  const exponent = /^[eE][+-]?\d{1,5}(?![\d.])/.exec(text.slice(at, at + 8))?.[0]
  if (exponent === undefined) return ''
  const sure = mantissa === '1' || mantissa.includes('.') || /^E|^e\+|\d\d$/.test(exponent)
  return sure ? exponent : ''
}

function letters(run: string, next: string, prose: boolean, push: (kind: TokenKind, text: string) => void): void {
  const lower = run.toLowerCase()
  // Minutes and seconds are told from functions by the parenthesis.
  const isUnit = (lower === 'min' || lower === 'sec') && next !== '('
  if (lower === 'infinity' || lower === 'inf' || lower === 'infty' || run === 'oo') push('command', 'infty')
  else if (isUnit || (prose && !Object.hasOwn(functions, run))) push('word', run)
  else if (run.length === 1) push('letter', run)
  else if (Object.hasOwn(functions, run)) push('command', run)
  else if (lower === 'pi' || run === 'sqrt') push('command', lower)
  else if (next === '{' && /^[dt]?frac$/.test(run)) push('command', 'frac')
  else if (!isShortWord(run) && variableRun.test(run)) for (const letter of run) push('letter', letter)
  else push('word', run)
}

/** The braced argument that begins at or after `at`. */
function braced(text: string, at: number): { content: string; end: number } | undefined {
  let start = at
  while (text.charAt(start) === ' ') start++
  if (text.charAt(start) !== '{') return undefined
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === '\\') i++
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return { content: text.slice(start + 1, i), end: i + 1 }
  }
  return undefined
}

function wrapped(name: string, content: string, budget: Budget, depth: number): Token[] {
  const trimmed = content.trim()
  if (name === 'mathbb' && /^[RQZNC]$/.test(trimmed)) return [{ kind: 'command', text: `set${trimmed}`, space: false }]
  if ((name === 'overline' || name === 'bar') && /\d/.test(trimmed)) throw new Unreadable('repeating digits')
  // Upright i and e are the constants.
  if ((name === 'mathrm' || name === 'rm') && /^[ie]$/.test(trimmed))
    return [{ kind: 'letter', text: trimmed, space: false }]
  if (textual.has(name) || ((name === 'mathrm' || name === 'rm') && /^[A-Za-z]{1,3}$/.test(trimmed))) {
    // A letter set as text is a unit or a choice, not a variable.
    if (/^[A-Za-z]+\.?$/.test(trimmed) && !/^infinity$/i.test(trimmed) && !Object.hasOwn(functions, trimmed)) {
      return [{ kind: 'word', text: trimmed.replace(/\.$/, ''), space: content.startsWith(' ') }]
    }
  }
  return tokenize(content, budget, depth + 1, textual.has(name))
}
