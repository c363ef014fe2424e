/**
 * From tokens to a tree, by recursive descent:
 *   answer    list of items by , ; and or          item      sets joined by relations, perhaps a unit
 *   set       ratio (cup | cap | setminus ratio)*  ratio     sum (: sum)*
 *   sum       product (+ - +- product)*            product   signed ((* / or nothing) signed)*
 *   signed    (+ | - | +-) signed | power          power     atom (^ _ ! % degrees)*
 * The layers are classes above one another: cursor, command, atom, expression, answer. Depth is bounded, so is the
 * number of tokens; what does not fit is Unreadable and is compared as text.
 */
import type { Budget } from './budget.js'
import { infiniteSign, type Node, type NodeOf, type Relation } from './node.js'
import { ExpressionParser } from './parse-expression.js'
import { number } from './parse-nodes.js'
import { isCondition } from './relations.js'
import { type Token, Unreadable } from './tokens.js'
import { unitOf } from './unit.js'
import { isMeasuring, isNoUnit, multiples, unitName } from './vocabulary.js'

const relations: Readonly<Record<string, Relation>> = {
  '=': '=',
  '==': '=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '!=': '!=',
  le: '<=',
  ge: '>=',
  ne: '!=',
  approx: '~',
  in: 'in',
  notin: 'in',
}

const reals: Node = { kind: 'namedSet', name: 'R' }

const isHalfLine = (node: Node): boolean =>
  node.kind === 'sequence' && node.items.length === 2 && node.items.some((item) => infiniteSign(item) !== 0)

/** @throws Unreadable where the tokens are no answer that this reads. */
export function parse(tokens: Token[], budget: Budget): Node {
  return new AnswerParser(tokens, budget).answer()
}

class AnswerParser extends ExpressionParser {
  answer(): Node {
    while (this.is('=') || this.is('approx') || this.is('therefore') || this.is('Rightarrow') || this.is(':')) this.at++
    const node = this.list()
    if (this.at < this.tokens.length) throw new Unreadable(`'${this.peek()!.text}'`)
    return node
  }

  /** One item alone is itself. */
  protected list(): Node {
    const items = [this.item()]
    const joints = new Set<string>()
    for (let start = this.at; this.separator() || this.joins(items.at(-1)!); start = this.at) {
      for (const token of this.tokens.slice(start, this.at))
        if (token.kind === 'word') joints.add(token.text.toLowerCase())
      items.push(this.item())
    }
    if (items.length === 1) return items[0]!
    const list: NodeOf<'sequence'> = { kind: 'sequence', open: '', close: '', items }
    if (joints.size === 1 && joints.has('or')) list.either = true
    if (!items.every((item) => isCondition(item) || isHalfLine(item)) || joints.size !== 1) return list
    return { ...list, joint: joints.has('and') ? 'and' : 'or' }
  }

  /** `2 & 3`, and `3 hours 20 minutes`, which nothing separates. */
  protected joins(before: Node): boolean {
    return this.take('&') || this.take('\\&') || (before.kind === 'quantity' && this.peek()?.kind === 'number')
  }

  protected item(): Node {
    let left = this.sets()
    for (;;) {
      const token = this.peek()
      const known = token !== undefined && token.kind !== 'word' && Object.hasOwn(relations, token.text)
      const operator = known ? relations[token.text] : undefined
      if (operator === undefined) return left
      if (this.is('>') && this.closing.at(-1) === 'langle') return left
      this.at++
      const right = this.sets()
      const isOutside = token!.text === 'notin'
      left = {
        kind: 'relation',
        operator,
        left,
        right: isOutside ? { kind: 'difference', parts: [reals, right] } : right,
      }
    }
  }

  protected sets(): Node {
    let left = this.ratio()
    for (;;) {
      const kind = this.is('cup')
        ? 'union'
        : this.is('cap')
          ? 'intersection'
          : this.is('setminus') || this.is('backslash')
            ? 'difference'
            : undefined
      if (kind === undefined) return left
      this.at++
      const right = this.ratio()
      left =
        left.kind === kind && kind !== 'difference'
          ? { kind, parts: [...left.parts, right] }
          : { kind, parts: [left, right] }
    }
  }

  protected ratio(): Node {
    const parts = [this.measured()]
    while (this.take(':') || this.takeTo(parts.at(-1)!)) parts.push(this.measured())
    return parts.length === 1 ? parts[0]! : { kind: 'ratio', parts }
  }

  /** `2 to 3`, a ratio in words. */
  protected takeTo(before: Node): boolean {
    if (before.kind !== 'number' || !this.isWord('to') || this.peek(1)?.kind !== 'number') return false
    this.at++
    return true
  }

  /** A sum, with a unit behind it or a currency before it. */
  protected measured(): Node {
    const negative = this.is('-') && this.is('\\$', 1)
    if (negative) this.at++
    const money = this.take('\\$')
    const start = this.at
    let of = this.sum()
    const word = this.peek()?.kind === 'word' ? this.peek()!.text.toLowerCase() : ''
    const factor = Object.hasOwn(multiples, word) ? multiples[word] : undefined
    if (factor !== undefined) {
      this.at++
      of = { kind: 'product', factors: [of, number(factor)] }
    }
    if (negative) of = { kind: 'negative', of }
    const unit = this.at > start ? this.unit() : ''
    // A choice's letter with words behind it is a sentence, not a quantity.
    if (unit !== '' && of.kind === 'symbol' && /^[A-J]$/.test(of.name)) throw new Unreadable('a letter and words')
    if (money) return { kind: 'quantity', of, unit: 'usd' }
    if (unit === 'degree') return { kind: 'degrees', of }
    if (/^percent(?: point)?$/.test(unit)) return { kind: 'percent', of }
    return unit === '' ? of : { kind: 'quantity', of, unit }
  }

  /** `cm`, `square cm`, `cm^2`, `m/s`, `miles per hour`: words up to the next separator, as one name. */
  protected unit(): string {
    const parts: string[] = []
    for (let token = this.peek(); token !== undefined; token = this.peek()) {
      const lower = token.text.toLowerCase()
      if (token.kind === 'word') {
        if (lower === 'and' || lower === 'or' || (lower === 'to' && parts.length === 0)) break
        if (parts.length > 0 && (lower === 'squared' || lower === 'cubed')) {
          this.at++
          parts.push(lower === 'cubed' ? '^3' : '^2')
          continue
        }
        if (isMeasuring(lower)) {
          this.at++
          continue
        }
        if (isNoUnit(lower)) throw new Unreadable(`the word ${token.text}`)
        this.at++
        if (lower === 'square' || lower === 'sq' || lower === 'cubic') {
          const next = this.peek()
          if (next?.kind !== 'word') throw new Unreadable('a unit')
          this.at++
          parts.push(unitName(next.text), lower === 'cubic' ? '^3' : '^2')
        } else if (lower === 'per' && this.isWord('cent')) {
          this.at++
          parts.push('percent')
        } else if (lower === 'per' || (lower === 'an' && parts.length > 0)) parts.push('/')
        else if (lower !== 'of' && lower !== 'the' && lower !== 'a') parts.push(unitName(token.text))
      } else if (parts.length > 0 && token.text === '^') {
        const exponent = this.unitExponent()
        if (exponent === undefined) break
        parts.push(`^${exponent}`)
      } else if (parts.length > 0 && token.text === '/' && /^(?:word|letter)$/.test(this.peek(1)?.kind ?? '')) {
        this.at++
        parts.push('/')
        if (this.peek()!.kind === 'letter') parts.push(unitName(this.tokens[this.at++]!.text))
      } else if (parts.length === 0 && this.isUnitFraction()) {
        parts.push(unitName(this.peek(2)!.text), '/', unitName(this.peek(5)!.text))
        this.at += 7
      } else break
    }
    return unitOf(parts)
  }

  protected unitExponent(): string | undefined {
    const grouped = this.is('{', 1) ? 1 : 0
    const negative = this.is('-', 1 + grouped) ? 1 : 0
    const exponent = this.peek(1 + grouped + negative)
    if (exponent?.kind !== 'number' || (grouped === 1 && !this.is('}', 2 + grouped + negative))) return undefined
    this.at += 2 + negative + 2 * grouped
    return `${negative === 1 ? '-' : ''}${exponent.text}`
  }
}
