import type { Budget } from './budget.js'
import type { Node } from './node.js'
import { type Token, Unreadable } from './tokens.js'

/** Deeper nesting is refused: it bounds the recursion of everything that walks the tree. */
const deepest = 60

/** A place in a list of tokens, and what reading them has found out so far: the lowest layer of the parser. */
export abstract class Cursor {
  protected readonly tokens: Token[]
  protected readonly budget: Budget
  protected at = 0
  /** How many | are open: inside, a | closes. */
  protected bars = 0
  /** Brackets that are open, innermost last. */
  protected readonly closing: string[] = []
  private depth = 0

  constructor(tokens: Token[], budget: Budget) {
    this.tokens = tokens
    this.budget = budget
  }

  // The layers above, which those below call for what stands inside brackets and arguments.
  protected abstract item(): Node
  protected abstract sum(): Node
  protected abstract power(): Node

  protected peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead]
  }

  protected is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token?.text === text && token.kind !== 'word' && token.kind !== 'letter'
  }

  protected isWord(text: string): boolean {
    const token = this.peek()
    return token?.kind === 'word' && token.text.toLowerCase() === text
  }

  protected take(text: string): boolean {
    if (!this.is(text)) return false
    this.at++
    return true
  }

  protected deeper<T>(work: () => T): T {
    if (++this.depth > deepest) throw new Unreadable('deep nesting')
    this.budget.spend(2)
    const result = work()
    this.depth--
    return result
  }

  /** `\frac{\text{miles}}{\text{hour}}` */
  protected isUnitFraction(): boolean {
    const group = (ahead: number) =>
      this.is('{', ahead) && this.peek(ahead + 1)?.kind === 'word' && this.is('}', ahead + 2)
    return this.is('frac') && group(1) && group(4)
  }

  protected separator(): boolean {
    let found = false
    while (this.is(',') || this.is(';') || this.isWord('and') || this.isWord('or')) {
      this.at++
      found = true
    }
    return found
  }
}
