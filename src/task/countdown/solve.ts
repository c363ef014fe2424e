/**
 * All distinct ways to calculate with some numbers. A set of numbers is split into blocks in every way; the blocks
 * become the terms of a sum (each a number or a product, with a sign) or the factors of a product (each a number or a
 * sum). Sums never hold sums and products never hold products, so every calculation arises in its flat form.
 */
import { canonical, type Expression, makeProduct, makeSum, number } from './expression.js'

export type Operation = '+' | '-' | '*'

/** Canonical text to expression. */
type Forms = Map<string, Expression>

/** Every way to split `items` into blocks; the first item's block comes first. */
function* partitions(items: readonly number[]): Generator<number[][]> {
  if (items.length === 0) {
    yield []
    return
  }
  const [first, ...rest] = items as [number, ...number[]]
  for (let mask = 0; mask < 1 << rest.length; mask++) {
    const block = [first, ...rest.filter((_, i) => (mask >> i) & 1)]
    for (const others of partitions(rest.filter((_, i) => !((mask >> i) & 1)))) yield [block, ...others]
  }
}

/** Every choice of one element from each list. */
function* choices<T>(lists: readonly (readonly T[])[], at = 0): Generator<T[]> {
  if (at === lists.length) {
    yield []
    return
  }
  for (const tail of choices(lists, at + 1)) for (const item of lists[at]!) yield [item, ...tail]
}

/** Enumerates calculations; what it finds for a set of numbers is kept for the sets that contain it. */
export class Solver {
  readonly #operations: ReadonlySet<Operation>
  readonly #cache = new Map<string, { sums: Forms; products: Forms }>()

  constructor(operations: readonly Operation[]) {
    this.#operations = new Set(operations)
  }

  /** Every calculation that uses each of `numbers` exactly once, or, with `all` false, at most once. */
  calculations(numbers: readonly number[], all: boolean): Expression[] {
    const sorted = [...numbers].sort((a, b) => a - b)
    const found: Forms = new Map()
    for (let mask = 1; mask < 1 << sorted.length; mask++) {
      if (all && mask !== (1 << sorted.length) - 1) continue
      const subset = sorted.filter((_, i) => (mask >> i) & 1)
      for (const [text, expression] of this.#forms(subset, 'either')) found.set(text, expression)
    }
    return [...found.values()]
  }

  #forms(sorted: readonly number[], kind: 'sums' | 'products' | 'either'): Forms {
    if (sorted.length === 1) return new Map([[String(sorted[0]), number(sorted[0]!)]])
    const key = sorted.join()
    let entry = this.#cache.get(key)
    if (entry === undefined) {
      entry = { sums: this.#sums(sorted), products: this.#products(sorted) }
      this.#cache.set(key, entry)
    }
    return kind === 'either' ? new Map([...entry.sums, ...entry.products]) : entry[kind]
  }

  #sums(sorted: readonly number[]): Forms {
    const plus = this.#operations.has('+')
    const minus = this.#operations.has('-')
    const forms: Forms = new Map()
    for (const blocks of partitions(sorted)) {
      if (blocks.length < 2) continue
      const terms = blocks.map((block) => [...this.#forms(block, 'products').values()])
      for (let signs = 0; signs < (1 << blocks.length) - 1; signs++) {
        const negatives = blocks.filter((_, i) => (signs >> i) & 1).length
        if ((negatives > 0 && !minus) || (blocks.length - negatives > 1 && !plus)) continue
        for (const chosen of choices(terms)) {
          const sum = makeSum(chosen.map((term, i) => ({ sign: (signs >> i) & 1 ? -1 : 1, term })))
          forms.set(canonical(sum), sum)
        }
      }
    }
    return forms
  }

  #products(sorted: readonly number[]): Forms {
    const forms: Forms = new Map()
    if (!this.#operations.has('*')) return forms
    for (const blocks of partitions(sorted)) {
      if (blocks.length < 2) continue
      for (const factors of choices(blocks.map((block) => [...this.#forms(block, 'sums').values()]))) {
        const product = makeProduct(factors)
        forms.set(canonical(product), product)
      }
    }
    return forms
  }
}
