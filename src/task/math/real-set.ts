/**
 * Sets of real numbers that are spelled differently: (0,1] and [1,2) together are (0,2), R without 0 is two half-lines.
 * The ends of all intervals of both sets cut the line into cells, points and open intervals between them; two sets are
 * one where they hold the same cells. Exact as far as the order of the ends is.
 */
import type { Budget } from './budget.js'
import { infiniteSign, isExpression, type Node, type NodeOf, type Relation, symbols } from './node.js'
import { numericValue } from './numeric.js'
import { chainOf } from './relations.js'
import { sameValue } from './values.js'

/** A cell's place: 2i + 1 is the i-th end, the even ones are what lies between. */
type Cell = number
type Holds = (cell: Cell) => boolean

const mostEnds = 40

/** undefined where one of them is not such a set, or is over another unknown. */
export function sameRealSet(a: Node, b: Node, budget: Budget): boolean | undefined {
  const unknowns = new Set([...unknownsOf(a), ...unknownsOf(b)])
  if (unknowns.size > 1) return undefined
  const ends = new Ends(budget)
  const reads = [a, b].map((node) => read(node, ends))
  if (reads[0] === undefined || reads[1] === undefined || !ends.order()) return undefined
  const [inA, inB] = [reads[0](), reads[1]()]
  if (inA === undefined || inB === undefined) return undefined
  for (let cell = 0; cell < ends.cells; cell++) if (inA(cell) !== inB(cell)) return false
  return true
}

/** Whether no number is in all of these sets; undefined where that is not known. */
export function isEmptyTogether(parts: readonly Node[], budget: Budget): boolean | undefined {
  return sameRealSet({ kind: 'intersection', parts: [...parts] }, { kind: 'namedSet', name: 'empty' }, budget)
}

function unknownsOf(node: Node): string[] {
  if (node.kind === 'relation') return symbols(node)
  return node.kind === 'union' || node.kind === 'intersection' || node.kind === 'difference'
    ? node.parts.flatMap(unknownsOf)
    : []
}

/** The ends of intervals, numbered in their order once all are known. */
class Ends {
  readonly #nodes: Node[] = []
  readonly #values: number[] = []
  #ranks: number[] = []
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** The number of an end; undefined where it is not a real number. */
  add(node: Node): number | undefined {
    if (!isExpression(node) || symbols(node).length > 0) return undefined
    const { re, im } = numericValue(node, new Map(), this.#budget)
    if (!Number.isFinite(re) || im !== 0 || this.#nodes.length >= mostEnds) return undefined
    this.#nodes.push(node)
    this.#values.push(re)
    return this.#nodes.length - 1
  }

  get cells(): number {
    return 2 * Math.max(0, ...this.#ranks.map((rank) => rank + 1)) + 1
  }

  /** False where two ends are too close to be told apart. */
  order(): boolean {
    const order = this.#values.map((_, i) => i).sort((i, j) => this.#values[i]! - this.#values[j]!)
    this.#ranks = new Array<number>(order.length)
    let rank = -1
    for (const [at, i] of order.entries()) {
      const before = order[at - 1]
      const gap = before === undefined ? Number.POSITIVE_INFINITY : this.#values[i]! - this.#values[before]!
      const same = before !== undefined && sameValue(this.#nodes[before]!, this.#nodes[i]!, this.#budget)
      if (!same && gap <= 1e-9 * Math.max(1, Math.abs(this.#values[i]!))) return false
      if (!same) rank++
      this.#ranks[i] = rank
    }
    return true
  }

  cellOf(end: number): Cell {
    return 2 * this.#ranks[end]! + 1
  }
}

/** In two passes: reading collects the ends, what it returns is called when they are in order. */
type Read = () => Holds | undefined

function read(node: Node, ends: Ends): Read | undefined {
  switch (node.kind) {
    case 'namedSet':
      return node.name === 'R' ? () => () => true : node.name === 'empty' ? () => () => false : undefined
    case 'sequence':
      if (node.open === '{') return readPoints(node.items, ends)
      return node.open === '' ? undefined : readInterval(node, ends)
    case 'union':
    case 'intersection':
    case 'difference': {
      const reads = node.parts.map((part) => read(part, ends))
      if (reads.some((each) => each === undefined)) return undefined
      return () => {
        const holds = reads.map((each) => each!())
        if (holds.some((each) => each === undefined)) return undefined
        if (node.kind === 'union') return (cell) => holds.some((each) => each!(cell))
        if (node.kind === 'intersection') return (cell) => holds.every((each) => each!(cell))
        return (cell) => holds[0]!(cell) && !holds.slice(1).some((each) => each!(cell))
      }
    }
    case 'relation':
      return readRelation(node, ends)
    default:
      return undefined
  }
}

function readPoints(items: readonly Node[], ends: Ends): Read | undefined {
  const points = items.map((item) => ends.add(item))
  if (points.some((point) => point === undefined)) return undefined
  return () => (cell) => points.some((point) => ends.cellOf(point!) === cell)
}

function readInterval({ open, close, items }: NodeOf<'sequence'>, ends: Ends): Read | undefined {
  const [low, high] = items
  if (items.length !== 2 || !/^[([]$/.test(open) || !/^[([]$/.test(close)) return undefined
  const from = infiniteSign(low!) === -1 ? 'infinite' : ends.add(low!)
  const to = infiniteSign(high!) === 1 ? 'infinite' : ends.add(high!)
  if (from === undefined || to === undefined) return undefined
  if ((from === 'infinite' && open === '[') || (to === 'infinite' && close === '[')) return undefined
  return () => {
    const [first, last] = [
      from === 'infinite' ? Number.NEGATIVE_INFINITY : ends.cellOf(from),
      to === 'infinite' ? Number.POSITIVE_INFINITY : ends.cellOf(to),
    ]
    // (3,1) and (3,3) are pairs, not intervals.
    if (first > last || (first === last && (open !== '[' || close !== '['))) return undefined
    return (cell) =>
      (cell > first || (cell === first && open === '[')) && (cell < last || (cell === last && close === '['))
  }
}

function readRelation(node: Node, ends: Ends): Read | undefined {
  const { operators, parts } = chainOf(node)
  if (operators.length === 1 && operators[0] === 'in' && parts[0]!.kind === 'symbol') return read(parts[1]!, ends)
  const reads = operators.map((operator, i) => readComparison(parts[i]!, operator, parts[i + 1]!, ends))
  if (reads.some((each) => each === undefined)) return undefined
  return () => {
    const holds = reads.map((each) => each!()!)
    return (cell) => holds.every((each) => each(cell))
  }
}

const mirrored: Readonly<Partial<Record<Relation, Relation>>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' }

/** x < c and c > x, |x| < c and c > |x|. */
function readComparison(left: Node, operator: Relation, right: Node, ends: Ends): Read | undefined {
  if (operator === 'in') return undefined
  if (symbols(left).length === 0) {
    return symbols(right).length === 0 ? undefined : readComparison(right, mirrored[operator] ?? operator, left, ends)
  }
  const bound = ends.add(right)
  if (bound === undefined) return undefined
  const compare = (sign: number): boolean =>
    sign === 0
      ? /=$/.test(operator) && operator !== '!='
      : operator === '!=' || operator.startsWith(sign < 0 ? '<' : '>')
  if (left.kind === 'symbol') return () => (cell) => compare(Math.sign(cell - ends.cellOf(bound)))
  if (left.kind !== 'call' || left.name !== 'abs' || left.args[0]!.kind !== 'symbol') return undefined
  const opposite = ends.add({ kind: 'negative', of: right })
  if (opposite === undefined) return undefined
  return () => (cell) => {
    const [low, high] = [ends.cellOf(opposite), ends.cellOf(bound)]
    // A negative bound lies below every absolute value.
    if (low > high) return compare(1)
    return compare(cell === low || cell === high ? 0 : cell > low && cell < high ? -1 : 1)
  }
}
