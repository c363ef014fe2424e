/** Which nodes are one set of numbers, and lists of conditions as such a set. */
import type { Budget } from './budget.js'
import type { Node, NodeOf } from './node.js'
import { isEmptyTogether } from './real-set.js'
import { isCondition, isMembership } from './relations.js'

/** Whether the node is a set by more than its brackets: something that can be spelled in many ways. */
export function isOneSet(node: Node): boolean {
  if (node.kind === 'sequence') return node.open === '' && (node.joint !== undefined || areConditions(node.items))
  if (node.kind === 'sum') return node.terms[0]!.kind === 'namedSet'
  return ['union', 'intersection', 'difference', 'namedSet'].includes(node.kind) || isCondition(node)
}

/** Conditions, and what the unknown is taken from: x in R, x != 2. */
const areConditions = (items: readonly Node[]): boolean =>
  items.every((item) => isCondition(item) || isMembership(item)) && items.some(isCondition)

/** Conditions that are listed hold together ("and"), or are alternatives ("or", or where they exclude each other). */
export function oneSet(node: Node, budget: Budget): Node {
  if (node.kind === 'sum' && isOneSet(node)) return withoutSets(node)
  if (node.kind !== 'sequence' || !isOneSet(node)) return node
  const apart = node.joint === 'or' || (node.joint !== 'and' && isEmptyTogether(node.items, budget) !== false)
  return { kind: apart ? 'union' : 'intersection', parts: node.items }
}

/** R - {0} as R without 0. */
function withoutSets(node: NodeOf<'sum'>): Node {
  const [from, ...rest] = node.terms as [Node, ...Node[]]
  const removed = rest.map((term) => (term.kind === 'negative' ? term.of : undefined))
  return removed.includes(undefined) ? node : { kind: 'difference', parts: [from, ...removed.map((each) => each!)] }
}
