/** Points, vectors and matrices by their entries, in every way of writing them. */
import { isExpression, type Node, type NodeOf } from './node.js'
import { assignmentOf } from './relations.js'

/** A bare list as a point. */
export const inOrder = (node: Node): Node =>
  node.kind === 'sequence' && node.open === '' ? { ...node, open: '(', close: '(' } : node

/** x = 3, y = -4 as the point (3, -4): the coordinates in the order of their names. */
export function namedValues(node: Node): Node | undefined {
  if (node.kind !== 'sequence' || node.open !== '' || node.items.length < 2) return undefined
  const named = node.items.map(assignmentOf)
  if (named.some((each) => each === undefined || !/^symbol:[a-z]$/.test(each.name) || each.values.length !== 1))
    return undefined
  const sorted = named.map((each) => each!).sort((a, b) => (a.name < b.name ? -1 : 1))
  if (new Set(sorted.map(({ name }) => name)).size < sorted.length) return undefined
  return { kind: 'sequence', open: '(', close: '(', items: sorted.map(({ values }) => values[0]!) }
}

/** A matrix, perhaps times a number, transposed, or as a list of rows. */
export function asMatrix(node: Node): NodeOf<'matrix'> | undefined {
  if (node.kind === 'matrix') return node
  if (node.kind === 'negative') {
    const of = asMatrix(node.of)
    return of && { kind: 'matrix', rows: of.rows.map((row) => row.map((entry) => ({ kind: 'negative', of: entry }))) }
  }
  if (node.kind === 'power') {
    const of =
      node.exponent.kind === 'symbol' && /^(?:T|top)$/.test(node.exponent.name) ? asMatrix(node.base) : undefined
    return of && { kind: 'matrix', rows: of.rows[0]!.map((_, j) => of.rows.map((row) => row[j]!)) }
  }
  if (node.kind === 'sequence' && node.open === '[' && node.close === '[') {
    const rows = node.items.map((row) =>
      row.kind === 'sequence' && row.open === '[' && row.close === '[' ? row.items : undefined,
    )
    const isMatrix = rows.every((row) => row !== undefined && row.length === rows[0]!.length)
    return isMatrix ? { kind: 'matrix', rows: rows.map((row) => row!) } : undefined
  }
  if (node.kind !== 'product') return undefined
  const matrices = node.factors.filter(({ kind }) => kind === 'matrix')
  const scalars = node.factors.filter(({ kind }) => kind !== 'matrix')
  if (matrices.length !== 1 || !scalars.every(isExpression)) return undefined
  const { rows } = matrices[0] as NodeOf<'matrix'>
  return {
    kind: 'matrix',
    rows: rows.map((row) => row.map((entry) => ({ kind: 'product', factors: [...scalars, entry] }))),
  }
}

/** (a, b, c) as a i + b j + c k, with the names that the unit vectors have. */
export const alongAxes = (entries: readonly Node[]): Node => ({
  kind: 'sum',
  terms: entries.map((entry, i) => ({
    kind: 'product',
    factors: [entry, { kind: 'symbol', name: `axis_${'ijk'.charAt(i)}` }],
  })),
})

/** Brackets that matter: angles are round. */
export const shape = ({ open, close, items }: NodeOf<'sequence'>): string =>
  `${open === '<' ? '(' : open}${close === '<' ? '(' : close}${items.length}`

/** The entries of (a, b), <a, b> and of a matrix of one row or column. */
export function vector(node: Node): readonly Node[] | undefined {
  if (node.kind === 'sequence') return shape(node).startsWith('((') ? node.items : undefined
  if (node.kind !== 'matrix') return undefined
  if (node.rows.length === 1) return node.rows[0]!
  return node.rows[0]!.length === 1 ? node.rows.flat() : undefined
}
