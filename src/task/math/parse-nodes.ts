import type { Node } from './node.js'
import { rational } from './rational.js'

export const number = (n: bigint): Node => ({ kind: 'number', value: rational(n), text: String(n) })

/** Products are kept flat. */
export function times(left: Node, right: Node): Node {
  return { kind: 'product', factors: left.kind === 'product' ? [...left.factors, right] : [left, right] }
}
