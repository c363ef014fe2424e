/** Inequalities with a number before their unknown, solved for it: -y < -4 is y > 4. */
import type { Budget } from './budget.js'
import { exactValue } from './exact.js'
import { isExpression, mapChildren, type Node, type NodeOf, symbols } from './node.js'
import { numericValue } from './numeric.js'
import { TooLarge, Undefined } from './rational.js'
import { type Chain, chainOf, flip } from './relations.js'

/** A number times a symbol: what stands before the symbol, and its name. */
function scaledSymbol(node: Node): { by: Node; name: string } | undefined {
  if (node.kind === 'symbol') return { by: one, name: node.name }
  if (node.kind === 'negative') {
    const of = scaledSymbol(node.of)
    return of && { by: { kind: 'negative', of: of.by }, name: of.name }
  }
  if (node.kind === 'quotient') {
    const over = isConstant(node.under) ? scaledSymbol(node.over) : undefined
    return over && { by: { kind: 'quotient', over: over.by, under: node.under }, name: over.name }
  }
  if (node.kind !== 'product') return undefined
  const [varying, ...others] = node.factors.filter((factor) => !isConstant(factor))
  const inner = varying !== undefined && others.length === 0 ? scaledSymbol(varying) : undefined
  return inner && { by: { kind: 'product', factors: [...node.factors.filter(isConstant), inner.by] }, name: inner.name }
}

const one: Node = { kind: 'number', value: { n: 1n, d: 1n }, text: '1' }
const isConstant = (node: Node): boolean => isExpression(node) && symbols(node).length === 0

/** The sign of a real number; 0 where it is none, or too near to 0 to say. */
export function signOf(node: Node, budget: Budget): -1 | 0 | 1 {
  const { re, im, error } = numericValue(node, new Map(), budget)
  return im !== 0 || !(Math.abs(re) > 2 * error) ? 0 : re > 0 ? 1 : -1
}

/** The chain divided by the number before its unknown; undefined where that is 1 already, or it has another form. */
function solved({ operators, parts }: Chain, budget: Budget): Chain | undefined {
  if (operators.length === 0 || operators.some((operator) => !/^(?:[<>]=?|!=)$/.test(operator))) return undefined
  const scales = parts.map((part) => (isConstant(part) ? undefined : scaledSymbol(part)))
  if (parts.some((part, i) => scales[i] === undefined && !isConstant(part))) return undefined
  const [scale, ...others] = scales.filter((each) => each !== undefined)
  if (scale === undefined || others.length > 0 || scale.by === one) return undefined
  const sign = signOf(scale.by, budget)
  if (sign === 0) return undefined
  return {
    operators: sign > 0 ? operators : operators.map(flip),
    parts: parts.map((part, i) =>
      scales[i] === undefined ? quotient(part, scale.by, budget) : { kind: 'symbol', name: scale.name },
    ),
  }
}

function quotient(over: Node, under: Node, budget: Budget): Node {
  const node: Node = { kind: 'quotient', over, under }
  try {
    const value = exactValue(node, budget)
    return value === undefined ? node : { kind: 'number', value, text: `${value.n}/${value.d}` }
  } catch (error) {
    if (error instanceof Undefined || error instanceof TooLarge) return node
    throw error
  }
}

/** The tree with every inequality in it solved. */
export function withSolvedInequalities(node: Node, budget: Budget): Node {
  if (node.kind !== 'relation') return mapChildren(node, (child) => withSolvedInequalities(child, budget))
  const chain = solved(chainOf(node), budget)
  if (chain === undefined) return node
  const [first, ...rest] = chain.parts as [Node, ...Node[]]
  return rest.reduce<Node>(
    (left, right, i): NodeOf<'relation'> => ({ kind: 'relation', operator: chain.operators[i]!, left, right }),
    first,
  )
}
