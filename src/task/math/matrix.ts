/** Sums, products, powers and determinants of matrices and vectors, written out entry by entry. */
import type { Budget } from './budget.js'
import { exactValue } from './exact.js'
import { children, isExpression, mapChildren, type Node, type NodeOf, some } from './node.js'
import { rational, TooLarge, Undefined } from './rational.js'

type Rows = readonly (readonly Node[])[]

/** Larger matrices and higher powers are left as they are written. */
const mostEntries = 36
const highestPower = 12n
const largestInverse = 4

/** The tree with its matrices computed; where shapes do not fit, or work would be large, as it was. */
export function withMatrices(node: Node, budget: Budget): Node {
  if (!some(node, (each) => each.kind === 'matrix' || isTuple(each))) return node
  const inner = mapChildren(node, (child) => withMatrices(child, budget))
  return computed(inner, budget) ?? inner
}

const isTuple = (node: Node): node is NodeOf<'sequence'> =>
  node.kind === 'sequence' && /^[(<]$/.test(node.open) && /^[(<]$/.test(node.close) && node.items.every(isExpression)

/** undefined where there is nothing to compute, or no value. */
function computed(node: Node, budget: Budget): Node | undefined {
  try {
    return compute(node, budget)
  } catch (error) {
    if (error instanceof Undefined || error instanceof TooLarge) return undefined
    throw error
  }
}

function compute(node: Node, budget: Budget): Node | undefined {
  switch (node.kind) {
    case 'sum':
      return sumOf(node.terms, budget)
    case 'negative':
      return scaled([minusOne], node.of, budget)
    case 'product':
      return productOf(node.factors, budget)
    case 'quotient':
      return isExpression(node.under)
        ? scaled([{ kind: 'quotient', over: one, under: node.under }], node.over, budget)
        : undefined
    case 'power':
      return powerOf(node.base, node.exponent, budget)
    case 'call':
      return callOf(node.name, node.args, budget)
    default:
      return undefined
  }
}

const one: Node = { kind: 'number', value: rational(1n), text: '1' }
const minusOne: Node = { kind: 'number', value: rational(-1n), text: '-1' }

/** An entry as a number where it is one, so that powers do not grow. */
function entry(node: Node, budget: Budget): Node {
  budget.spend(1)
  try {
    const value = exactValue(node, budget)
    return value === undefined
      ? node
      : { kind: 'number', value, text: value.d === 1n ? `${value.n}` : `${value.n}/${value.d}` }
  } catch (error) {
    if (error instanceof Undefined || error instanceof TooLarge) return node
    throw error
  }
}

const plus = (terms: Node[], budget: Budget): Node =>
  entry(terms.length === 1 ? terms[0]! : { kind: 'sum', terms }, budget)
const times = (factors: Node[], budget: Budget): Node =>
  entry(factors.length === 1 ? factors[0]! : { kind: 'product', factors }, budget)

const matrix = (rows: Rows): Node => ({ kind: 'matrix', rows: rows.map((row) => [...row]) })

function sumOf(terms: readonly Node[], budget: Budget): Node | undefined {
  const first = terms[0]!
  if (first.kind === 'matrix') {
    const all = terms.map((term) => (term.kind === 'matrix' ? term.rows : undefined))
    const fits = all.every(
      (rows) => rows?.length === first.rows.length && rows.every((row, i) => row.length === first.rows[i]!.length),
    )
    if (!fits || first.rows.flat().length > mostEntries) return undefined
    return matrix(
      first.rows.map((row, i) =>
        row.map((_, j) =>
          plus(
            all.map((rows) => rows![i]![j]!),
            budget,
          ),
        ),
      ),
    )
  }
  if (!isTuple(first) || !terms.every((term) => isTuple(term) && term.items.length === first.items.length))
    return undefined
  const items = first.items.map((_, i) =>
    plus(
      terms.map((term) => (term as NodeOf<'sequence'>).items[i]!),
      budget,
    ),
  )
  return { ...first, items }
}

function scaled(scalars: Node[], of: Node, budget: Budget): Node | undefined {
  if (of.kind === 'matrix') return matrix(of.rows.map((row) => row.map((each) => times([...scalars, each], budget))))
  return isTuple(of) ? { ...of, items: of.items.map((each) => times([...scalars, each], budget)) } : undefined
}

function productOf(factors: readonly Node[], budget: Budget): Node | undefined {
  const scalars = factors.filter(isExpression)
  const others = factors.filter((factor) => !isExpression(factor))
  let product: Node | undefined = others[0]
  for (const next of others.slice(1)) {
    if (product?.kind !== 'matrix' || next.kind !== 'matrix') return undefined
    const rows = multiplied(product.rows, next.rows, budget)
    if (rows === undefined) return undefined
    product = matrix(rows)
  }
  if (product === undefined) return undefined
  // A row times a column is a number.
  if (product.kind === 'matrix' && others.length > 1 && product.rows.length === 1 && product.rows[0]!.length === 1) {
    return times([...scalars, product.rows[0]![0]!], budget)
  }
  return scalars.length === 0 ? (others.length > 1 ? product : undefined) : scaled(scalars, product, budget)
}

function multiplied(a: Rows, b: Rows, budget: Budget): Rows | undefined {
  const width = b[0]!.length
  if (a[0]!.length !== b.length || a.length * width > mostEntries || b.length > mostEntries) return undefined
  return a.map((row) =>
    Array.from({ length: width }, (_, j) =>
      plus(
        row.map((each, k) => times([each, b[k]![j]!], budget)),
        budget,
      ),
    ),
  )
}

function powerOf(base: Node, exponent: Node, budget: Budget): Node | undefined {
  if (isTransposition(exponent)) {
    if (base.kind === 'matrix') return matrix(base.rows[0]!.map((_, j) => base.rows.map((row) => row[j]!)))
    // (1, 2, 3)^T is a column.
    return isTuple(base) ? matrix(base.items.map((item) => [item])) : undefined
  }
  if (base.kind !== 'matrix' || base.rows.length !== base.rows[0]!.length || base.rows.flat().length > mostEntries)
    return undefined
  const n = exactValue(exponent, budget)
  if (n === undefined || n.d !== 1n) return undefined
  if (n.n === -1n) return inverse(base.rows, budget)
  const isNumeric = base.rows.flat().every(({ kind }) => kind === 'number' || kind === 'negative')
  if (n.n < 2n || n.n > (isNumeric ? highestPower : 3n)) return undefined
  let rows: Rows | undefined = base.rows
  for (let i = 1n; i < n.n && rows !== undefined; i++) rows = multiplied(rows, base.rows, budget)
  return rows && matrix(rows)
}

const isTransposition = (node: Node): boolean => node.kind === 'symbol' && /^(?:T|top|intercal)$/.test(node.name)

/** By the adjugate: signed minors over the determinant. */
function inverse(rows: Rows, budget: Budget): Node | undefined {
  if (rows.length > largestInverse) return undefined
  const determinant = determinantOf(rows, budget)
  if (determinant.kind === 'number' && determinant.value.n === 0n) return undefined
  if (rows.length === 1) return matrix([[{ kind: 'quotient', over: one, under: determinant }]])
  return matrix(
    rows.map((_, i) =>
      rows.map((_, j) => {
        const minor = determinantOf(without(rows, j, i), budget)
        const over = (i + j) % 2 === 0 ? minor : times([minusOne, minor], budget)
        return entry({ kind: 'quotient', over, under: determinant }, budget)
      }),
    ),
  )
}

const without = (rows: Rows, row: number, column: number): Rows =>
  rows.filter((_, i) => i !== row).map((each) => each.filter((_, j) => j !== column))

function determinantOf(rows: Rows, budget: Budget): Node {
  budget.spend(rows.length)
  if (rows.length === 1) return rows[0]![0]!
  const terms = rows[0]!.map((each, j) => {
    const factors = [each, determinantOf(without(rows, 0, j), budget)]
    return times(j % 2 === 0 ? factors : [minusOne, ...factors], budget)
  })
  return plus(terms, budget)
}

function callOf(name: string, args: readonly Node[], budget: Budget): Node | undefined {
  const [first, second] = args
  if ((name === 'det' || name === 'abs') && args.length === 1 && first!.kind === 'matrix') {
    const { rows } = first as NodeOf<'matrix'>
    if (rows.length !== rows[0]!.length) return undefined
    return rows.length <= largestInverse ? determinantOf(rows, budget) : undefined
  }
  if (name !== 'dot') return undefined
  const [a, b] = [entriesOf(first!), entriesOf(second!)]
  if (a === undefined || b === undefined || a.length !== b.length) return undefined
  return plus(
    a.map((each, i) => times([each, b[i]!], budget)),
    budget,
  )
}

function entriesOf(node: Node): readonly Node[] | undefined {
  if (isTuple(node)) return node.items
  return node.kind === 'matrix' && node.rows.every((row) => row.length === 1) ? node.rows.flat() : undefined
}

/** Whether a point between two of them would be the scalar product. */
export const isVector = (node: Node): boolean => entriesOf(node) !== undefined

/** Whether every entry of a matrix or vector has a value. */
export const hasValues = (node: Node): boolean =>
  (node.kind === 'matrix' || isTuple(node)) && children(node).every(isExpression)
