/** Sums, products and powers. */
import { isVector } from './matrix.js'
import type { Node } from './node.js'
import { AtomParser } from './parse-atom.js'
import { beginsAtom } from './parse-command.js'
import { times } from './parse-nodes.js'
import { Unreadable } from './tokens.js'

export abstract class ExpressionParser extends AtomParser {
  protected sum(): Node {
    return this.deeper(() => {
      const terms = [this.product()]
      for (;;) {
        if (this.take('+')) terms.push(this.product())
        else if (this.take('-')) terms.push({ kind: 'negative', of: this.product() })
        else if (this.is('pm') || this.is('mp')) {
          const sign = this.take('pm') ? 1 : -1
          if (sign === -1) this.at++
          terms.push({ kind: 'plusMinus', sign, of: this.product() })
        } else return this.stacked(terms.length === 1 ? terms[0]! : { kind: 'sum', terms })
      }
    })
  }

  /** TeX's `{a \\over b}` and `{n \\choose k}` reach over everything in their group. */
  protected stacked(over: Node): Node {
    if (this.take('over')) return { kind: 'quotient', over, under: this.sum() }
    if (this.take('choose')) return { kind: 'call', name: 'binom', args: [over, this.sum()] }
    return over
  }

  protected product(): Node {
    let left = this.signed()
    for (;;) {
      this.budget.spend(1)
      const before = this.tokens[this.at - 1]
      if (this.take('cdot')) {
        const right = this.signed()
        left =
          isVector(left) && isVector(right) ? { kind: 'call', name: 'dot', args: [left, right] } : times(left, right)
      } else if (this.take('*') || this.take('times')) left = times(left, this.signed())
      else if (this.take('/') || this.take('div')) left = { kind: 'quotient', over: left, under: this.signed() }
      else if (this.beginsFactor() && !this.isUnitFraction()) {
        if (this.peek()!.kind === 'number' && before?.kind === 'number') throw new Unreadable('two numbers')
        left = times(left, this.power())
      } else return left
    }
  }

  protected beginsFactor(): boolean {
    const token = this.peek()
    if (token === undefined || token.kind === 'word') return false
    if (token.kind === 'number' || token.kind === 'letter') return true
    if (token.kind === 'mark')
      return token.text === '(' || token.text === '{' || (token.text === '|' && this.bars === 0)
    return beginsAtom(token.text)
  }

  protected signed(): Node {
    if (this.take('+')) return this.deeper(() => this.signed())
    if (this.take('-')) return { kind: 'negative', of: this.deeper(() => this.signed()) }
    if (this.is('pm') || this.is('mp')) {
      const sign = this.take('pm') ? 1 : -1
      if (sign === -1) this.at++
      return { kind: 'plusMinus', sign, of: this.deeper(() => this.signed()) }
    }
    return this.power()
  }

  protected power(): Node {
    let node = this.atom()
    for (;;) {
      this.budget.spend(1)
      if (this.is('^') || this.is('**')) {
        this.at++
        if (this.takeDegrees()) node = { kind: 'degrees', of: node }
        else node = { kind: 'power', base: node, exponent: this.exponent() }
      } else if (this.take('circ')) node = { kind: 'degrees', of: node }
      else if (this.take('\\%') || this.take('%')) node = { kind: 'percent', of: node }
      else if (this.take('!')) node = { kind: 'call', name: 'factorial', args: [node] }
      else if (this.is("'") && node.kind === 'symbol') {
        this.at++
        node = { kind: 'symbol', name: `${node.name}'` }
      } else return node
    }
  }

  protected takeDegrees(): boolean {
    if (this.take('circ')) return true
    if (!(this.is('{') && this.is('circ', 1) && this.is('}', 2))) return false
    this.at += 3
    return true
  }
}
