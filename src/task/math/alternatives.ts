/** Lists, sets and plus-minus as the several values that they stand for. */
import { children, mapChildren, type Node } from './node.js'
import { solutionSet } from './relations.js'

export interface Alternatives {
  items: Node[]
  set: boolean
}

/** The items of a bare list or a set, with every plus-minus written out; undefined for anything else. */
export function alternatives(node: Node): Alternatives | undefined {
  const isList = node.kind === 'sequence' && (node.open === '' || node.open === '{')
  const items = isList ? node.items.flatMap(bothSigns) : bothSigns(node)
  if (isList) return { items, set: node.open === '{' }
  return items.length > 1 ? { items, set: false } : undefined
}

/** More signs than this in one item stay unread. */
const mostSigns = 3

/**
 * The values of an item with signs to choose: with a \\mp the upper signs and the lower signs belong together, else
 * every sign is chosen by itself.
 */
function bothSigns(node: Node): Node[] {
  const signs: (1 | -1)[] = []
  const visit = (each: Node) => {
    if (each.kind === 'plusMinus') signs.push(each.sign)
    children(each).forEach(visit)
  }
  visit(node)
  if (signs.length === 0) return [node]
  if (signs.includes(-1)) return [1, -1].map((choice) => withSigns(node, (sign) => sign === choice))
  if (signs.length > mostSigns) return [node]
  return Array.from({ length: 2 ** signs.length }, (_, choices) => {
    let at = 0
    return withSigns(node, () => ((choices >> at++) & 1) === 0)
  })
}

/** The tree with every plus-minus decided, `isPlus` called for each in the order of the tree. */
function withSigns(node: Node, isPlus: (sign: 1 | -1) => boolean): Node {
  if (node.kind === 'plusMinus') {
    const plus = isPlus(node.sign)
    const of = withSigns(node.of, isPlus)
    return plus ? of : { kind: 'negative', of }
  }
  return mapChildren(node, (child) => withSigns(child, isPlus))
}

/** x < 1 or x > 3 as the union of their intervals, where the ends are not numbers. */
export function inequalities({ items, set }: Alternatives): Node | undefined {
  if (set) return undefined
  const sets = items.map((item) => (item.kind === 'relation' ? solutionSet(item) : undefined))
  if (sets.some((each) => each === undefined || each.name !== sets[0]!.name)) return undefined
  return { kind: 'union', parts: sets.map((each) => each!.set) }
}
