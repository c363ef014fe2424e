/** The smallest parts of an expression: numbers, symbols, brackets, the arguments of commands. */
import type { Bracket, Node, NodeOf } from './node.js'
import { CommandParser } from './parse-command.js'
import { number } from './parse-nodes.js'
import { absolute, fromDecimal } from './rational.js'
import { Unreadable } from './tokens.js'
import { baseWords } from './vocabulary.js'

const closers: Readonly<Record<string, readonly string[]>> = {
  '(': [')', ']'],
  '[': [']', ')', '['],
  ']': ['[', ']'],
  '\\{': ['\\}'],
  '{': ['}'],
  langle: ['rangle', '>'],
}
const brackets: Readonly<Record<string, Bracket>> = {
  '(': '(',
  ')': '(',
  '\\{': '{',
  '\\}': '{',
  '{': '',
  '}': '',
  langle: '<',
  rangle: '<',
  '>': '<',
}

/** A square bracket that faces outwards leaves the end out: [0, 1[ is [0, 1). */
const opening = (mark: string): Bracket => (mark === '[' ? '[' : mark === ']' ? '(' : brackets[mark]!)
const closing = (mark: string): Bracket => (mark === ']' ? '[' : mark === '[' ? '(' : brackets[mark]!)

export abstract class AtomParser extends CommandParser {
  protected exponent(): Node {
    return this.deeper(() => {
      if (this.take('-')) return { kind: 'negative', of: this.exponent() }
      const base = this.is('{') ? this.group() : this.atom()
      // 2^3^2 is 2^(3^2).
      return this.take('^') ? { kind: 'power', base, exponent: this.exponent() } : base
    })
  }

  protected group(): Node {
    if (!this.take('{')) throw new Unreadable('a group is missing')
    const node = this.deeper(() => this.sum())
    if (!this.take('}')) throw new Unreadable('a group is open')
    return node
  }

  /** TeX's argument: a group, or one token, of a number one digit. */
  protected argument(): Node {
    if (this.is('{')) return this.group()
    const token = this.peek()
    if (token?.kind === 'number') {
      const digit = token.text.charAt(0)
      if (digit === '.') throw new Unreadable('a number as an argument')
      if (token.text.length === 1) this.at++
      else this.tokens[this.at] = { ...token, text: token.text.slice(1), space: false }
      return number(BigInt(digit))
    }
    return this.atom()
  }

  protected atom(): Node {
    const token = this.peek()
    if (token === undefined) throw new Unreadable('it ends too early')
    this.budget.spend(1)
    if (token.kind === 'number') return this.numeral()
    if (token.kind === 'letter') return this.symbol(token.text)
    if (token.kind === 'word') return this.choiceLetter(token.text)
    return this.deeper(() => (token.kind === 'mark' ? this.marked(token.text) : this.command(token.text)))
  }

  /** A choice's letter that is set as text, `\\text{A}`, but not the article of "A dog". */
  protected choiceLetter(word: string): Node {
    const next = this.peek(1)
    if (!/^[A-J]$/.test(word) || (next?.kind === 'word' && !/^(?:and|or)$/i.test(next.text)))
      throw new Unreadable(`the word ${word}`)
    this.at++
    return { kind: 'symbol', name: word }
  }

  protected numeral(): Node {
    const token = this.peek()!
    this.at++
    if (this.is('_')) return this.based(token.text)
    const value: Node = { kind: 'number', value: fromDecimal(token.text), text: token.text }
    return this.mixed(value) ?? value
  }

  /** `3\frac{1}{2}` and `3 1/2` are three and a half where the fraction is a proper one of plain numbers. */
  protected mixed(whole: Node & { kind: 'number' }): Node | undefined {
    if (!/^\d+$/.test(whole.text) || this.isUnitFraction()) return undefined
    const start = this.at
    let over: Node
    let under: Node
    if (this.take('frac')) {
      over = this.argument()
      under = this.argument()
    } else if (this.is('{') && this.is('over', 2)) {
      const fraction = this.group() as NodeOf<'quotient'>
      over = fraction.over
      under = fraction.under
    } else {
      const [first, second] = [this.peek(), this.peek(2)]
      if (first?.kind !== 'number' || !this.is('/', 1) || second?.kind !== 'number') return undefined
      if (!/^\d+$/.test(first.text) || !/^\d+$/.test(second.text)) return undefined
      over = number(BigInt(first.text))
      under = number(BigInt(second.text))
      this.at += 3
    }
    const proper =
      over.kind === 'number' &&
      under.kind === 'number' &&
      over.value.d === 1n &&
      under.value.d === 1n &&
      absolute(over.value.n) < under.value.n
    if (proper) return { kind: 'sum', terms: [whole, { kind: 'quotient', over, under }] }
    this.at = start
    return undefined
  }

  protected based(digits: string): Node {
    this.at++
    const grouped = this.take('{')
    const inParentheses = this.take('(')
    const token = this.peek()
    this.at++
    if (inParentheses && !this.take(')')) throw new Unreadable('a base')
    if (grouped && !this.take('}')) throw new Unreadable('a base')
    const word = token?.text.toLowerCase() ?? ''
    const base = Object.hasOwn(baseWords, word) ? baseWords[word] : Number(word)
    if (base === undefined || !Number.isInteger(base) || base < 2 || base > 36) throw new Unreadable('a base')
    return { kind: 'based', digits, base }
  }

  protected symbol(name: string): Node {
    this.at++
    if (this.is('_')) return { kind: 'symbol', name: `${name}_${this.subscript()}` }
    if (name === 'i') return { kind: 'constant', name: 'i' }
    if (name === 'e') return { kind: 'constant', name: 'e' }
    if (/^[fgh]$/.test(name) && this.is('(') && !this.peek()!.space) {
      const argument = this.marked('(')
      return { kind: 'opaque', name, args: argument.kind === 'sequence' ? argument.items : [argument] }
    }
    return { kind: 'symbol', name }
  }

  protected subscript(): string {
    this.at++
    if (!this.take('{')) return this.tokens[this.at++]?.text ?? ''
    let text = ''
    while (!this.take('}')) {
      const token = this.tokens[this.at++]
      if (token === undefined) throw new Unreadable('a subscript is open')
      text += token.text
    }
    return text
  }

  protected marked(open: string): Node {
    if (open === '|') return this.absolute()
    const ends = closers[open]
    if (ends === undefined) throw new Unreadable(`'${open}'`)
    this.at++
    if (open === '\\{' && this.take('\\}')) return { kind: 'namedSet', name: 'empty' }
    const bars = this.bars
    this.bars = 0
    this.closing.push(open)
    const digits = this.is(')', 1) ? this.peek() : undefined
    const items = [this.item()]
    while (this.separator()) items.push(this.item())
    this.closing.pop()
    this.bars = bars
    const close = ends.find((end) => this.take(end))
    if (close === undefined) throw new Unreadable(`'${open}' is open`)
    if (items.length === 1 && open !== '\\{' && open !== 'langle') {
      if (opening(open) !== closing(close)) throw new Unreadable(`'${open}' and '${close}'`)
      if (open === '(' && this.is('_') && digits?.kind === 'number') return this.based(digits.text)
      return items[0]!
    }
    return { kind: 'sequence', open: opening(open), close: closing(close), items }
  }

  protected absolute(): Node {
    this.at++
    this.bars++
    const of = this.sum()
    this.bars--
    if (!this.take('|')) throw new Unreadable("'|' is open")
    return { kind: 'call', name: 'abs', args: [of] }
  }
}
