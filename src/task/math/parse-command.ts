/** Commands and functions with their arguments: fractions, roots, logarithms, matrices. */
import { infinity, type Node } from './node.js'
import { Cursor } from './parse-cursor.js'
import { number, times } from './parse-nodes.js'
import { Unreadable } from './tokens.js'
import { functions } from './vocabulary.js'

export const greekLetters = new Set(
  (
    'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega top intercal ' +
    // `axis` with its subscript is a unit vector, as labels.ts writes it.
    'Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell axis'
  ).split(' '),
)

/** Whether a command begins a factor, so that juxtaposition multiplies. */
export function beginsAtom(command: string): boolean {
  return (
    ['frac', 'sqrt', 'pi', 'infty', 'binom', 'lfloor', 'lceil', 'langle', 'begin'].includes(command) ||
    Object.hasOwn(functions, command) ||
    greekLetters.has(command)
  )
}

export abstract class CommandParser extends Cursor {
  protected abstract argument(): Node
  protected abstract atom(): Node
  protected abstract exponent(): Node
  protected abstract marked(open: string): Node
  protected abstract symbol(name: string): Node

  protected command(name: string): Node {
    this.at++
    if (Object.hasOwn(functions, name)) return this.call(functions[name]!)
    switch (name) {
      case 'frac':
        return { kind: 'quotient', over: this.argument(), under: this.argument() }
      case 'sqrt':
        return this.root()
      case 'pi':
        return { kind: 'constant', name: 'pi' }
      case 'infty':
        return infinity
      case 'emptyset':
        return { kind: 'namedSet', name: 'empty' }
      case 'binom':
        return { kind: 'call', name: 'binom', args: [this.argument(), this.argument()] }
      case 'angle':
        return this.atom()
      case 'langle':
        this.at--
        return this.marked('langle')
      case 'lfloor':
      case 'lceil':
        return this.rounded(name)
      case 'begin':
        return this.matrix()
    }
    if (/^set[RQZNC]$/.test(name)) return { kind: 'namedSet', name: name.slice(3) }
    if (greekLetters.has(name)) {
      this.at--
      return this.symbol(name)
    }
    throw new Unreadable(`\\${name}`)
  }

  protected root(): Node {
    let index: Node = number(2n)
    if (this.take('[')) {
      index = this.sum()
      if (!this.take(']')) throw new Unreadable("a root's index")
    }
    const of = this.argument()
    return { kind: 'call', name: 'root', args: [of, index] }
  }

  protected rounded(name: 'lfloor' | 'lceil'): Node {
    const of = this.sum()
    if (!this.take(name === 'lfloor' ? 'rfloor' : 'rceil')) throw new Unreadable(`\\${name} is open`)
    return { kind: 'call', name: name === 'lfloor' ? 'floor' : 'ceil', args: [of] }
  }

  protected call(name: string): Node {
    const base = name === 'log' && this.is('_') ? this.logBase() : undefined
    const exponent = this.take('^') ? this.exponent() : undefined
    const args = this.callArguments(name)
    if (base !== undefined) args.push(base)
    if (name === 'cbrt') return { kind: 'call', name: 'root', args: [args[0]!, number(3n)] }
    if (exponent === undefined) return { kind: 'call', name, args }
    const inverse = exponent.kind === 'negative' && exponent.of.kind === 'number' && exponent.of.text === '1'
    // sin^{-1} is the inverse function, sin^2 the square.
    if (inverse && /^(?:sin|cos|tan)$/.test(name)) return { kind: 'call', name: `arc${name}`, args }
    return { kind: 'power', base: { kind: 'call', name, args }, exponent }
  }

  protected logBase(): Node {
    this.at++
    return this.argument()
  }

  /** What is in parentheses, or the numbers and letters that follow: sin 2x. */
  protected callArguments(name: string): Node[] {
    if (name === 'det' && this.is('begin')) return [this.atom()]
    if (this.is('(')) {
      const inner = this.marked('(')
      return inner.kind === 'sequence' && inner.open === '(' ? [...inner.items] : [inner]
    }
    if (this.is('-')) {
      this.at++
      return [{ kind: 'negative', of: this.callArguments(name)[0]! }]
    }
    let of = this.power()
    for (;;) {
      const token = this.peek()
      const goesOn =
        token !== undefined &&
        (token.kind === 'letter' || (token.kind === 'command' && (token.text === 'pi' || greekLetters.has(token.text))))
      if (!goesOn) return [of]
      of = times(of, this.power())
    }
  }

  protected matrix(): Node {
    const environment = this.environment()
    if (environment === 'cases') return this.cases()
    if (!/^(?:[pbvBV]?matrix|smallmatrix|array)$/.test(environment)) throw new Unreadable(environment)
    if (environment === 'array') this.skipGroup()
    const rows: Node[][] = [[]]
    for (;;) {
      if (this.take('end')) break
      rows.at(-1)!.push(this.item())
      if (this.take('\\\\')) {
        if (!this.is('end')) rows.push([])
      } else if (!this.take('&') && !this.is('end')) throw new Unreadable('a matrix')
    }
    if (this.environment() !== environment) throw new Unreadable('a matrix')
    if (rows.some((row) => row.length !== rows[0]!.length)) throw new Unreadable('a ragged matrix')
    return environment === 'vmatrix'
      ? { kind: 'call', name: 'det', args: [{ kind: 'matrix', rows }] }
      : { kind: 'matrix', rows }
  }

  /** Lines that hold together; with conditions behind an & it is a function that nothing here reads. */
  protected cases(): Node {
    const items: Node[] = []
    while (!this.take('end')) {
      items.push(this.item())
      if (!this.take('\\\\') && !this.separator() && !this.is('end')) throw new Unreadable('cases')
    }
    if (this.environment() !== 'cases') throw new Unreadable('cases')
    return items.length === 1 ? items[0]! : { kind: 'sequence', open: '', close: '', items }
  }

  /** `{pmatrix}`, whose name the tokens hold as a word or as letters. */
  protected environment(): string {
    if (!this.take('{')) throw new Unreadable('an environment')
    let name = ''
    while (!this.take('}')) {
      const token = this.tokens[this.at++]
      if (token === undefined) throw new Unreadable('an environment')
      name += token.text
    }
    return name
  }

  protected skipGroup(): void {
    if (!this.take('{')) return
    while (this.at < this.tokens.length && !this.take('}')) this.at++
  }
}
