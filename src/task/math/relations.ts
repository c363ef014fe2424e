/** What equations and inequalities say: a value with a name, or the set of an unknown's values. */
import { canonical } from './canonical.js'
import { hasValues } from './matrix.js'
import { children, infinity, isExpression, type Node, type Relation, symbols } from './node.js'

/** The parts of a chain a = b = c, or of a single relation. */
export interface Chain {
  operators: Relation[]
  parts: Node[]
}

export function chainOf(node: Node): Chain {
  if (node.kind !== 'relation') return { operators: [], parts: [node] }
  const left = chainOf(node.left)
  return { operators: [...left.operators, node.operator], parts: [...left.parts, node.right] }
}

/** x, f(x), AB, \angle ABC: something that an equation names. */
function isName(node: Node): boolean {
  if (node.kind === 'symbol' || node.kind === 'opaque') return true
  if (node.kind === 'words') return true
  if (node.kind === 'constant') return node.name === 'i' || node.name === 'e'
  if (node.kind === 'product') return node.factors.every(({ kind }) => kind === 'symbol' || kind === 'constant')
  // (x, y) = (1, 2)
  return node.kind === 'sequence' && node.open === '(' && node.items.every(({ kind }) => kind === 'symbol')
}

/**
 * m + n, p/q, 100a + 10b: what a problem asks for by a formula. With x, y or z it is rather an equation in unknowns.
 */
function isSoughtFormula(node: Node): boolean {
  if (!['sum', 'quotient', 'product'].includes(node.kind)) return false
  const names = symbols(node)
  const isPlain = (each: Node): boolean =>
    each.kind === 'symbol' ||
    each.kind === 'number' ||
    (/^(?:sum|product|quotient|negative)$/.test(each.kind) && children(each).every(isPlain))
  return names.length > 1 && names.every((name) => /^[a-wA-W]$/.test(name)) && isPlain(node)
}

/** A name and everything that is said to equal it. */
export interface Assignment {
  name: string
  values: Node[]
  /** What the last of the values is about, in a chain that goes on with that: x = 2/7 \approx 0.29. */
  rounded: Node[]
}

const isValue = (each: Node) => symbols(each).length === 0

/** Something with a value that can be computed, perhaps with a unit. */
const isComputable = (each: Node): boolean =>
  isValue(each) && (isExpression(each) || hasValues(each) || (each.kind === 'quantity' && isExpression(each.of)))

/** Reads `x = 2 + 3 = 5`, `5 = x`; a chain of numbers, `2 + 3 = 5`, has the name ''. */
export function assignmentOf(node: Node): Assignment | undefined {
  const { operators, parts } = chainOf(node)
  if (operators.length === 0 || operators.some((operator) => operator !== '=' && operator !== '~')) return undefined
  const [first, ...rest] = parts as [Node, ...Node[]]
  const about = operators.indexOf('~')
  if (isName(first) || (isSoughtFormula(first) && rest.every(isValue))) {
    const exact = about < 0 ? rest.length : about
    const name = canonical(first)
    return exact === 0
      ? { name, values: rest, rounded: [] }
      : { name, values: rest.slice(0, exact), rounded: rest.slice(exact) }
  }
  const last = parts.at(-1)!
  if (parts.length === 2 && last.kind === 'symbol' && symbols(first).length === 0) {
    return { name: canonical(last), values: [first], rounded: [] }
  }
  if (!parts.every(isComputable)) return undefined
  const exact = about < 0 ? parts.length : about + 1
  return { name: '', values: parts.slice(0, exact), rounded: parts.slice(exact) }
}

const flipped: Readonly<Partial<Record<Relation, Relation>>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' }

export const flip = (operator: Relation): Relation => flipped[operator] ?? operator

const sequence = (open: '(' | '[', from: Node, to: Node, close: '(' | '['): Node => ({
  kind: 'sequence',
  open,
  close,
  items: [from, to],
})

const minusInfinity: Node = { kind: 'negative', of: infinity }

/** The unknown and the interval of x > 3, 1 <= x < 2, x in S. */
export function solutionSet(node: Node): { name: string; set: Node } | undefined {
  const { operators, parts } = chainOf(node)
  if (operators.length === 1) {
    const [operator] = operators as [Relation]
    const [left, right] = parts as [Node, Node]
    if (operator === 'in' && left.kind === 'symbol') return { name: left.name, set: right }
    if (operator === 'in' && isName(left)) return { name: canonical(left), set: right }
    if (left.kind === 'symbol' && isExpression(right)) return halfLine(left.name, operator, right)
    if (right.kind === 'symbol' && isExpression(left)) return halfLine(right.name, flip(operator), left)
    return undefined
  }
  if (operators.length !== 2) return undefined
  const [low, middle, high] = parts as [Node, Node, Node]
  if (middle.kind !== 'symbol') return undefined
  const directions = operators.map((operator) => operator.charAt(0)).join('')
  if (directions === '<<') {
    return { name: middle.name, set: sequence(edge(operators[0]!), low, high, edge(operators[1]!)) }
  }
  if (directions === '>>') {
    return { name: middle.name, set: sequence(edge(operators[1]!), high, low, edge(operators[0]!)) }
  }
  return undefined
}

const edge = (operator: Relation): '(' | '[' => (operator.endsWith('=') ? '[' : '(')

function halfLine(name: string, operator: Relation, bound: Node) {
  if (operator.startsWith('<')) return { name, set: sequence('(', minusInfinity, bound, edge(operator)) }
  if (operator.startsWith('>')) return { name, set: sequence(edge(operator), bound, infinity, '(') }
  return undefined
}

/** Whether the node says between what bounds something lies: x > 3, 1 <= x < 2, x != 0. */
export function isCondition(node: Node): boolean {
  return node.kind === 'relation' && chainOf(node).operators.some((operator) => !['=', '~', 'in'].includes(operator))
}

/** x in S */
export const isMembership = (node: Node): boolean => node.kind === 'relation' && node.operator === 'in'
