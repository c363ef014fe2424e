/** Units whose letters read as variables. */
import type { Node } from './node.js'
import { unitOf } from './unit.js'
import { unitName } from './vocabulary.js'

/** `12 m^2` and `5 m/s` with the units' letters outside of any text: a number times a letter, its power or a quotient. */
export function withLetterUnit(node: Node): { of: Node; unit: string } | undefined {
  if (node.kind === 'quotient') {
    const over = withLetterUnit(node.over)
    const under = letterUnit(node.under)
    return over === undefined || under === undefined
      ? undefined
      : { of: over.of, unit: unitOf([over.unit, '/', under]) }
  }
  if (node.kind !== 'product' || node.factors.length !== 2) return undefined
  const [of, last] = node.factors as [Node, Node]
  const unit = letterUnit(last)
  return of.kind === 'number' && unit !== undefined ? { of, unit } : undefined
}

function letterUnit(node: Node): string | undefined {
  if (node.kind === 'symbol') return unitOf([unitName(node.name)])
  if (node.kind !== 'power' || node.base.kind !== 'symbol' || node.exponent.kind !== 'number') return undefined
  return unitOf([unitName(node.base.name), `^${node.exponent.text}`])
}
