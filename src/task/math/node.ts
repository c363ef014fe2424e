/**
 * What a final answer says, as a tree. The upper half are numbers and expressions, which have a value; the lower half
 * are the things made of them that answers are: tuples, sets, intervals, equations, words.
 */
import type { Rational } from './rational.js'

/** `~` is about equal. */
export type Relation = '=' | '~' | '!=' | '<' | '>' | '<=' | '>=' | 'in'

/** Opening and closing marks; '' is a bare list, '<' an angle bracket. */
export type Bracket = '(' | '[' | '{' | '<' | ''

export type Node =
  | { kind: 'number'; value: Rational; text: string }
  | { kind: 'symbol'; name: string }
  | { kind: 'constant'; name: 'pi' | 'e' | 'i' | 'infinity' }
  | { kind: 'sum'; terms: Node[] }
  | { kind: 'negative'; of: Node }
  /** One of the two signs, the same choice for every such node of an answer; `sign` -1 is `\mp`. */
  | { kind: 'plusMinus'; sign: 1 | -1; of: Node }
  | { kind: 'product'; factors: Node[] }
  | { kind: 'quotient'; over: Node; under: Node }
  | { kind: 'power'; base: Node; exponent: Node }
  | { kind: 'call'; name: string; args: Node[] }
  /** A function that nothing is known of, such as f in f(x). */
  | { kind: 'opaque'; name: string; args: Node[] }
  | { kind: 'degrees'; of: Node }
  | { kind: 'percent'; of: Node }
  /** Digits in a base that is written as a subscript. */
  | { kind: 'based'; digits: string; base: number }
  | { kind: 'quantity'; of: Node; unit: string }
  | { kind: 'ratio'; parts: Node[] }
  /** `joint`: the word between the items of a bare list, where these are conditions or intervals and it matters.
   * `either`: a bare list whose only joint is "or". */
  | { kind: 'sequence'; open: Bracket; close: Bracket; items: Node[]; joint?: 'and' | 'or'; either?: boolean }
  | { kind: 'matrix'; rows: Node[][] }
  /** R, Q, Z, N, C or 'empty'. */
  | { kind: 'namedSet'; name: string }
  | { kind: 'union' | 'intersection' | 'difference'; parts: Node[] }
  | { kind: 'relation'; operator: Relation; left: Node; right: Node }
  /** Several relations in a row, 1 < x < 2: one operator fewer than parts. */
  | { kind: 'chain'; operators: Relation[]; parts: Node[] }
  | { kind: 'words'; text: string }
  /** A choice's letter, perhaps with the choice's content. */
  | { kind: 'choice'; letter: string; content?: Node }

export type NodeOf<Kind extends Node['kind']> = Extract<Node, { kind: Kind }>

/** The nodes directly below one. */
export function children(node: Node): Node[] {
  switch (node.kind) {
    case 'sum':
      return node.terms
    case 'product':
      return node.factors
    case 'negative':
    case 'plusMinus':
    case 'degrees':
    case 'percent':
    case 'quantity':
      return [node.of]
    case 'quotient':
      return [node.over, node.under]
    case 'power':
      return [node.base, node.exponent]
    case 'call':
    case 'opaque':
      return node.args
    case 'sequence':
      return node.items
    case 'ratio':
    case 'chain':
    case 'union':
    case 'intersection':
    case 'difference':
      return node.parts
    case 'matrix':
      return node.rows.flat()
    case 'relation':
      return [node.left, node.right]
    case 'choice':
      return node.content === undefined ? [] : [node.content]
    default:
      return []
  }
}

/** The node with every child changed, in the order of {@link children}. */
export function mapChildren(node: Node, change: (child: Node) => Node): Node {
  switch (node.kind) {
    case 'sum':
      return { ...node, terms: node.terms.map(change) }
    case 'product':
      return { ...node, factors: node.factors.map(change) }
    case 'negative':
    case 'plusMinus':
    case 'degrees':
    case 'percent':
    case 'quantity':
      return { ...node, of: change(node.of) }
    case 'quotient':
      return { ...node, over: change(node.over), under: change(node.under) }
    case 'power':
      return { ...node, base: change(node.base), exponent: change(node.exponent) }
    case 'call':
    case 'opaque':
      return { ...node, args: node.args.map(change) }
    case 'sequence':
      return { ...node, items: node.items.map(change) }
    case 'ratio':
    case 'union':
    case 'intersection':
    case 'difference':
      return { ...node, parts: node.parts.map(change) }
    case 'matrix':
      return { ...node, rows: node.rows.map((row) => row.map(change)) }
    case 'relation':
      return { ...node, left: change(node.left), right: change(node.right) }
    case 'choice':
      return node.content === undefined ? node : { ...node, content: change(node.content) }
    default:
      return node
  }
}

/** Whether `test` holds anywhere in the tree. */
export function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || children(node).some((child) => some(child, test))
}

/** Names of the free symbols, sorted. */
export function symbols(node: Node): string[] {
  const names = new Set<string>()
  const visit = (each: Node) => {
    if (each.kind === 'symbol') names.add(each.name)
    children(each).forEach(visit)
  }
  visit(node)
  return [...names].sort()
}

const expressionKinds: ReadonlySet<Node['kind']> = new Set<Node['kind']>([
  ...(['number', 'symbol', 'constant', 'sum', 'negative', 'plusMinus', 'product', 'quotient', 'power'] as const),
  ...(['call', 'opaque', 'degrees', 'percent'] as const),
])

/** Whether the whole tree is made of things that have values. */
export function isExpression(node: Node): boolean {
  return expressionKinds.has(node.kind) && children(node).every(isExpression)
}

export const infinity: Node = { kind: 'constant', name: 'infinity' }

/** 1 or -1 for an infinity with that sign, else 0. */
export function infiniteSign(node: Node): -1 | 0 | 1 {
  if (node.kind === 'constant' && node.name === 'infinity') return 1
  if (node.kind === 'negative') return -infiniteSign(node.of) as -1 | 0 | 1
  return 0
}
