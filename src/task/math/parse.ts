/**
 * From tokens to a tree, by recursive descent:
 *   answer    list of items by , ; and or          item      sets joined by relations, perhaps a unit
 *   set       ratio (cup | cap | setminus ratio)*  ratio     sum (: sum)*
 *   sum       product (+ - +- product)*            product   signed ((* / or nothing) signed)*
 *   signed    (+ | - | +-) signed | power          power     atom (^ _ ! % degrees)*
 * Depth is bounded, so is the number of tokens; what does not fit is Unreadable and is compared as text.
 */
import type { Budget } from './budget.js'
import { type Bracket, infinity, type Node, type Relation } from './node.js'
import { absolute, fromDecimal, rational } from './rational.js'
import { type Token, Unreadable } from './tokens.js'
import { baseWords, functions, isNoUnit, multiples, unitName } from './vocabulary.js'

const deepest = 60

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
  approx: '=',
  in: 'in',
}

const closers: Readonly<Record<string, readonly string[]>> = {
  '(': [')', ']'],
  '[': [']', ')'],
  '\\{': ['\\}'],
  '{': ['}'],
  langle: ['rangle', '>'],
}
const brackets: Readonly<Record<string, Bracket>> = {
  '(': '(',
  ')': '(',
  '[': '[',
  ']': '[',
  '\\{': '{',
  '\\}': '{',
  '{': '',
  '}': '',
  langle: '<',
  rangle: '<',
  '>': '<',
}

const num = (n: bigint): Node => ({ kind: 'number', value: rational(n), text: String(n) })

export function parse(tokens: Token[], budget: Budget): Node {
  return new Parser(tokens, budget).answer()
}

class Parser {
  readonly #tokens: Token[]
  readonly #budget: Budget
  #at = 0
  #depth = 0
  /** How many | are open: inside, a | closes. */
  #bars = 0

  constructor(tokens: Token[], budget: Budget) {
    this.#tokens = tokens
    this.#budget = budget
  }

  answer(): Node {
    while (this.#is('=') || this.#is('approx')) this.#at++
    const node = this.#list()
    if (this.#at < this.#tokens.length) throw new Unreadable(`'${this.#peek()!.text}'`)
    return node
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  #is(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead)
    return token?.text === text && token.kind !== 'word' && token.kind !== 'letter'
  }

  #isWord(text: string): boolean {
    const token = this.#peek()
    return token?.kind === 'word' && token.text.toLowerCase() === text
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false
    this.#at++
    return true
  }

  #deeper<T>(work: () => T): T {
    if (++this.#depth > deepest) throw new Unreadable('deep nesting')
    this.#budget.spend(2)
    const result = work()
    this.#depth--
    return result
  }

  #separator(): boolean {
    let found = false
    while (this.#is(',') || this.#is(';') || this.#isWord('and') || this.#isWord('or')) {
      this.#at++
      found = true
    }
    return found
  }

  /** One item alone is itself. */
  #list(): Node {
    const items = [this.#item()]
    while (this.#separator()) items.push(this.#item())
    return items.length === 1 ? items[0]! : { kind: 'sequence', open: '', close: '', items }
  }

  #item(): Node {
    let left = this.#sets()
    for (;;) {
      const token = this.#peek()
      const known = token !== undefined && token.kind !== 'word' && Object.hasOwn(relations, token.text)
      const operator = known ? relations[token.text] : undefined
      if (operator === undefined) return left
      if (this.#is('>') && this.#closing.at(-1) === 'langle') return left
      this.#at++
      left = { kind: 'relation', operator, left, right: this.#sets() }
    }
  }

  readonly #closing: string[] = []

  #sets(): Node {
    let left = this.#ratio()
    for (;;) {
      const kind = this.#is('cup')
        ? 'union'
        : this.#is('cap')
          ? 'intersection'
          : this.#is('setminus') || this.#is('backslash')
            ? 'difference'
            : undefined
      if (kind === undefined) return left
      this.#at++
      const right = this.#ratio()
      left =
        left.kind === kind && kind !== 'difference'
          ? { kind, parts: [...left.parts, right] }
          : { kind, parts: [left, right] }
    }
  }

  #ratio(): Node {
    const parts = [this.#measured()]
    while (this.#take(':')) parts.push(this.#measured())
    return parts.length === 1 ? parts[0]! : { kind: 'ratio', parts }
  }

  /** A sum, with a unit behind it or a currency before it. */
  #measured(): Node {
    const negative = this.#is('-') && this.#is('\\$', 1)
    if (negative) this.#at++
    const money = this.#take('\\$')
    const start = this.#at
    let of = this.#sum()
    const word = this.#peek()?.kind === 'word' ? this.#peek()!.text.toLowerCase() : ''
    const factor = Object.hasOwn(multiples, word) ? multiples[word] : undefined
    if (factor !== undefined) {
      this.#at++
      of = { kind: 'product', factors: [of, num(factor)] }
    }
    if (negative) of = { kind: 'negative', of }
    const unit = this.#at > start ? this.#unit() : ''
    if (money) return { kind: 'quantity', of, unit: 'usd' }
    if (unit === 'percent' || unit === 'degree') return { kind: unit === 'degree' ? 'degrees' : unit, of }
    return unit === '' ? of : { kind: 'quantity', of, unit }
  }

  /** `cm`, `square cm`, `cm^2`, `m/s`, `miles per hour`: words up to the next separator, as one name. */
  #unit(): string {
    const parts: string[] = []
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      const lower = token.text.toLowerCase()
      if (token.kind === 'word') {
        if (lower === 'and' || lower === 'or') break
        if (isNoUnit(lower)) throw new Unreadable(`the word ${token.text}`)
        this.#at++
        if (lower === 'square' || lower === 'sq' || lower === 'cubic') {
          const next = this.#peek()
          if (next?.kind !== 'word') throw new Unreadable('a unit')
          this.#at++
          parts.push(unitName(next.text), lower === 'cubic' ? '^3' : '^2')
        } else if (lower === 'per') parts.push('/')
        else if (lower !== 'of' && lower !== 'the' && lower !== 'a') parts.push(unitName(token.text))
      } else if (parts.length > 0 && token.text === '^') {
        const exponent = this.#unitExponent()
        if (exponent === undefined) break
        parts.push(`^${exponent}`)
      } else if (parts.length > 0 && token.text === '/' && this.#peek(1)?.kind === 'word') {
        this.#at++
        parts.push('/')
      } else break
    }
    return parts.join(' ')
  }

  #unitExponent(): string | undefined {
    const grouped = this.#is('{', 1)
    const exponent = this.#peek(grouped ? 2 : 1)
    if (exponent?.kind !== 'number' || (grouped && !this.#is('}', 3))) return undefined
    this.#at += grouped ? 4 : 2
    return exponent.text
  }

  #sum(): Node {
    return this.#deeper(() => {
      const terms = [this.#product()]
      for (;;) {
        if (this.#take('+')) terms.push(this.#product())
        else if (this.#take('-')) terms.push({ kind: 'negative', of: this.#product() })
        else if (this.#is('pm') || this.#is('mp')) {
          const sign = this.#take('pm') ? 1 : -1
          if (sign === -1) this.#at++
          terms.push({ kind: 'plusMinus', sign, of: this.#product() })
        } else return terms.length === 1 ? terms[0]! : { kind: 'sum', terms }
      }
    })
  }

  #product(): Node {
    let left = this.#signed()
    for (;;) {
      this.#budget.spend(1)
      const before = this.#tokens[this.#at - 1]
      if (this.#take('*') || this.#take('cdot') || this.#take('times')) left = times(left, this.#signed())
      else if (this.#take('/') || this.#take('div')) left = { kind: 'quotient', over: left, under: this.#signed() }
      else if (this.#beginsFactor()) {
        if (this.#peek()!.kind === 'number' && before?.kind === 'number') throw new Unreadable('two numbers')
        left = times(left, this.#power())
      } else return left
    }
  }

  #beginsFactor(): boolean {
    const token = this.#peek()
    if (token === undefined || token.kind === 'word') return false
    if (token.kind === 'number' || token.kind === 'letter') return true
    if (token.kind === 'mark')
      return token.text === '(' || token.text === '{' || (token.text === '|' && this.#bars === 0)
    return beginsAtom(token.text)
  }

  #signed(): Node {
    if (this.#take('+')) return this.#deeper(() => this.#signed())
    if (this.#take('-')) return { kind: 'negative', of: this.#deeper(() => this.#signed()) }
    if (this.#is('pm') || this.#is('mp')) {
      const sign = this.#take('pm') ? 1 : -1
      if (sign === -1) this.#at++
      return { kind: 'plusMinus', sign, of: this.#deeper(() => this.#signed()) }
    }
    return this.#power()
  }

  #power(): Node {
    let node = this.#atom()
    for (;;) {
      this.#budget.spend(1)
      if (this.#is('^') || this.#is('**')) {
        this.#at++
        if (this.#takeDegrees()) node = { kind: 'degrees', of: node }
        else node = { kind: 'power', base: node, exponent: this.#exponent() }
      } else if (this.#take('circ')) node = { kind: 'degrees', of: node }
      else if (this.#take('\\%') || this.#take('%')) node = { kind: 'percent', of: node }
      else if (this.#take('!')) node = { kind: 'call', name: 'factorial', args: [node] }
      else if (this.#is("'") && node.kind === 'symbol') {
        this.#at++
        node = { kind: 'symbol', name: `${node.name}'` }
      } else return node
    }
  }

  #takeDegrees(): boolean {
    if (this.#take('circ')) return true
    if (!(this.#is('{') && this.#is('circ', 1) && this.#is('}', 2))) return false
    this.#at += 3
    return true
  }

  #exponent(): Node {
    return this.#deeper(() => {
      if (this.#take('-')) return { kind: 'negative', of: this.#exponent() }
      const base = this.#is('{') ? this.#group() : this.#atom()
      // 2^3^2 is 2^(3^2).
      return this.#take('^') ? { kind: 'power', base, exponent: this.#exponent() } : base
    })
  }

  #group(): Node {
    if (!this.#take('{')) throw new Unreadable('a group is missing')
    const node = this.#deeper(() => this.#sum())
    if (!this.#take('}')) throw new Unreadable('a group is open')
    return node
  }

  /** TeX's argument: a group, or one token, of a number one digit. */
  #argument(): Node {
    if (this.#is('{')) return this.#group()
    const token = this.#peek()
    if (token?.kind === 'number') {
      const digit = token.text.charAt(0)
      if (digit === '.') throw new Unreadable('a number as an argument')
      if (token.text.length === 1) this.#at++
      else this.#tokens[this.#at] = { ...token, text: token.text.slice(1), space: false }
      return num(BigInt(digit))
    }
    return this.#atom()
  }

  #atom(): Node {
    const token = this.#peek()
    if (token === undefined) throw new Unreadable('it ends too early')
    this.#budget.spend(1)
    if (token.kind === 'number') return this.#number()
    if (token.kind === 'letter') return this.#symbol(token.text)
    if (token.kind === 'word') throw new Unreadable(`the word ${token.text}`)
    return this.#deeper(() => (token.kind === 'mark' ? this.#marked(token.text) : this.#command(token.text)))
  }

  #number(): Node {
    const token = this.#peek()!
    this.#at++
    if (this.#is('_')) return this.#based(token.text)
    const value: Node = { kind: 'number', value: fromDecimal(token.text), text: token.text }
    return this.#mixed(value) ?? value
  }

  /** `3\frac{1}{2}` and `3 1/2` are three and a half where the fraction is a proper one of plain numbers. */
  #mixed(whole: Node & { kind: 'number' }): Node | undefined {
    if (!/^\d+$/.test(whole.text)) return undefined
    const start = this.#at
    let over: Node
    let under: Node
    if (this.#take('frac')) {
      over = this.#argument()
      under = this.#argument()
    } else {
      const [first, second] = [this.#peek(), this.#peek(2)]
      if (first?.kind !== 'number' || !this.#is('/', 1) || second?.kind !== 'number') return undefined
      if (!/^\d+$/.test(first.text) || !/^\d+$/.test(second.text)) return undefined
      over = num(BigInt(first.text))
      under = num(BigInt(second.text))
      this.#at += 3
    }
    const proper =
      over.kind === 'number' &&
      under.kind === 'number' &&
      over.value.d === 1n &&
      under.value.d === 1n &&
      absolute(over.value.n) < under.value.n
    if (proper) return { kind: 'sum', terms: [whole, { kind: 'quotient', over, under }] }
    this.#at = start
    return undefined
  }

  #based(digits: string): Node {
    this.#at++
    const grouped = this.#take('{')
    const token = this.#peek()
    this.#at++
    if (grouped && !this.#take('}')) throw new Unreadable('a base')
    const word = token?.text.toLowerCase() ?? ''
    const base = Object.hasOwn(baseWords, word) ? baseWords[word] : Number(word)
    if (base === undefined || !Number.isInteger(base) || base < 2 || base > 36) throw new Unreadable('a base')
    return { kind: 'based', digits, base }
  }

  #symbol(name: string): Node {
    this.#at++
    if (this.#is('_')) return { kind: 'symbol', name: `${name}_${this.#subscript()}` }
    if (name === 'i') return { kind: 'constant', name: 'i' }
    if (name === 'e') return { kind: 'constant', name: 'e' }
    if (/^[fgh]$/.test(name) && this.#is('(') && !this.#peek()!.space) {
      const argument = this.#marked('(')
      return { kind: 'opaque', name, args: argument.kind === 'sequence' ? argument.items : [argument] }
    }
    return { kind: 'symbol', name }
  }

  #subscript(): string {
    this.#at++
    if (!this.#take('{')) return this.#tokens[this.#at++]?.text ?? ''
    let text = ''
    while (!this.#take('}')) {
      const token = this.#tokens[this.#at++]
      if (token === undefined) throw new Unreadable('a subscript is open')
      text += token.text
    }
    return text
  }

  #marked(open: string): Node {
    if (open === '|') return this.#absolute()
    const ends = closers[open]
    if (ends === undefined) throw new Unreadable(`'${open}'`)
    this.#at++
    if (open === '\\{' && this.#take('\\}')) return { kind: 'namedSet', name: 'empty' }
    const bars = this.#bars
    this.#bars = 0
    this.#closing.push(open)
    const items = [this.#item()]
    while (this.#separator()) items.push(this.#item())
    this.#closing.pop()
    this.#bars = bars
    const close = ends.find((end) => this.#take(end))
    if (close === undefined) throw new Unreadable(`'${open}' is open`)
    if (items.length === 1 && open !== '\\{' && open !== 'langle') {
      if (brackets[open] !== brackets[close]) throw new Unreadable(`'${open}' and '${close}'`)
      return items[0]!
    }
    return { kind: 'sequence', open: brackets[open]!, close: brackets[close]!, items }
  }

  #absolute(): Node {
    this.#at++
    this.#bars++
    const of = this.#sum()
    this.#bars--
    if (!this.#take('|')) throw new Unreadable("'|' is open")
    return { kind: 'call', name: 'abs', args: [of] }
  }

  #command(name: string): Node {
    this.#at++
    if (Object.hasOwn(functions, name)) return this.#call(functions[name]!)
    switch (name) {
      case 'frac':
        return { kind: 'quotient', over: this.#argument(), under: this.#argument() }
      case 'sqrt':
        return this.#root()
      case 'pi':
        return { kind: 'constant', name: 'pi' }
      case 'infty':
        return infinity
      case 'emptyset':
        return { kind: 'namedSet', name: 'empty' }
      case 'binom':
        return { kind: 'call', name: 'binom', args: [this.#argument(), this.#argument()] }
      case 'angle':
        return this.#atom()
      case 'langle':
        this.#at--
        return this.#marked('langle')
      case 'lfloor':
      case 'lceil':
        return this.#rounded(name)
      case 'begin':
        return this.#matrix()
    }
    if (/^set[RQZNC]$/.test(name)) return { kind: 'namedSet', name: name.slice(3) }
    if (greekLetters.has(name)) {
      this.#at--
      return this.#symbol(name)
    }
    throw new Unreadable(`\\${name}`)
  }

  #root(): Node {
    let index: Node = num(2n)
    if (this.#take('[')) {
      index = this.#sum()
      if (!this.#take(']')) throw new Unreadable("a root's index")
    }
    const of = this.#argument()
    return { kind: 'call', name: 'root', args: [of, index] }
  }

  #rounded(name: 'lfloor' | 'lceil'): Node {
    const of = this.#sum()
    if (!this.#take(name === 'lfloor' ? 'rfloor' : 'rceil')) throw new Unreadable(`\\${name} is open`)
    return { kind: 'call', name: name === 'lfloor' ? 'floor' : 'ceil', args: [of] }
  }

  #call(name: string): Node {
    const base = name === 'log' && this.#is('_') ? this.#logBase() : undefined
    const exponent = this.#take('^') ? this.#exponent() : undefined
    const args = this.#callArguments()
    if (base !== undefined) args.push(base)
    if (exponent === undefined) return { kind: 'call', name, args }
    const inverse = exponent.kind === 'negative' && exponent.of.kind === 'number' && exponent.of.text === '1'
    // sin^{-1} is the inverse function, sin^2 the square.
    if (inverse && /^(?:sin|cos|tan)$/.test(name)) return { kind: 'call', name: `arc${name}`, args }
    return { kind: 'power', base: { kind: 'call', name, args }, exponent }
  }

  #logBase(): Node {
    this.#at++
    return this.#argument()
  }

  /** What is in parentheses, or the numbers and letters that follow: sin 2x. */
  #callArguments(): Node[] {
    if (this.#is('(')) {
      const inner = this.#marked('(')
      return inner.kind === 'sequence' && inner.open === '(' ? [...inner.items] : [inner]
    }
    if (this.#is('-')) {
      this.#at++
      return [{ kind: 'negative', of: this.#callArguments()[0]! }]
    }
    let of = this.#power()
    for (;;) {
      const token = this.#peek()
      const goesOn =
        token !== undefined &&
        (token.kind === 'letter' || (token.kind === 'command' && (token.text === 'pi' || greekLetters.has(token.text))))
      if (!goesOn) return [of]
      of = times(of, this.#power())
    }
  }

  #matrix(): Node {
    const environment = this.#environment()
    if (!/^(?:[pbvB]?matrix|smallmatrix|array)$/.test(environment)) throw new Unreadable(environment)
    if (environment === 'array') this.#skipGroup()
    const rows: Node[][] = [[]]
    for (;;) {
      if (this.#take('end')) break
      rows.at(-1)!.push(this.#item())
      if (this.#take('\\\\')) {
        if (!this.#is('end')) rows.push([])
      } else if (!this.#take('&') && !this.#is('end')) throw new Unreadable('a matrix')
    }
    if (this.#environment() !== environment) throw new Unreadable('a matrix')
    if (rows.some((row) => row.length !== rows[0]!.length)) throw new Unreadable('a ragged matrix')
    return environment === 'vmatrix'
      ? { kind: 'call', name: 'det', args: [{ kind: 'matrix', rows }] }
      : { kind: 'matrix', rows }
  }

  /** `{pmatrix}`, whose name the tokens hold as a word or as letters. */
  #environment(): string {
    if (!this.#take('{')) throw new Unreadable('an environment')
    let name = ''
    while (!this.#take('}')) {
      const token = this.#tokens[this.#at++]
      if (token === undefined) throw new Unreadable('an environment')
      name += token.text
    }
    return name
  }

  #skipGroup(): void {
    if (!this.#take('{')) return
    while (this.#at < this.#tokens.length && !this.#take('}')) this.#at++
  }
}

const greekLetters = new Set(
  (
    'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega ' +
    'Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell'
  ).split(' '),
)

function beginsAtom(command: string): boolean {
  return (
    ['frac', 'sqrt', 'pi', 'infty', 'binom', 'lfloor', 'lceil', 'begin'].includes(command) ||
    Object.hasOwn(functions, command) ||
    greekLetters.has(command)
  )
}

function times(left: Node, right: Node): Node {
  return { kind: 'product', factors: left.kind === 'product' ? [...left.factors, right] : [left, right] }
}
