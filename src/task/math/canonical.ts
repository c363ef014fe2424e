/** One text for trees that differ only in the order of terms and factors: equal texts, equal meaning. */
import { children, type Node } from './node.js'

export function canonical(node: Node): string {
  const parts = children(node).map(canonical)
  switch (node.kind) {
    case 'number':
      return `${node.value.n}/${node.value.d}`
    case 'ratio':
      // 10:05 is a time, 10:5 a ratio.
      return `ratio(${node.parts.map((part, i) => (part.kind === 'number' ? part.text : parts[i])).join(':')})`
    case 'symbol':
    case 'constant':
    case 'namedSet':
      return `${node.kind}:${node.name}`
    case 'sum':
    case 'product':
    case 'union':
    case 'intersection':
      return `${node.kind}(${parts.sort().join(',')})`
    case 'call':
    case 'opaque':
      return `${node.kind}:${node.name}(${parts.join(',')})`
    case 'plusMinus':
      return `plusMinus${node.sign}(${parts[0]})`
    case 'based':
      return `${node.digits}_${node.base}`
    case 'quantity':
      return `${parts[0]}[${node.unit}]`
    case 'sequence':
      return `${node.open}${parts.join(',')}${node.close}${node.items.length}${node.joint ?? ''}`
    case 'matrix':
      return `matrix${node.rows.length}(${parts.join(',')})`
    case 'relation':
      return `${parts[0]}${node.operator}${parts[1]}`
    case 'words':
      return `"${node.text}"`
    case 'choice':
      return `choice:${node.letter}(${parts.join()})`
    default:
      return `${node.kind}(${parts.join(',')})`
  }
}
