/** Whether a number is another one rounded, as far as it is written out: 0.29 for 2/7. */
import type { Budget } from './budget.js'
import { isExpression, type Node, symbols } from './node.js'
import { numericValue } from './numeric.js'

/** A number that is written out: the worth of its last digit. */
function lastPlace(node: Node): number | undefined {
  switch (node.kind) {
    case 'number': {
      const [mantissa, exponent = '0'] = node.text.split(/e/i) as [string, string?]
      if (!/^\d*\.?\d*$/.test(mantissa)) return undefined
      return 10 ** (Number(exponent) - (mantissa.split('.')[1]?.length ?? 0))
    }
    case 'negative':
    case 'quantity':
    case 'degrees':
      return lastPlace(node.of)
    case 'percent': {
      const place = lastPlace(node.of)
      return place && place / 100
    }
    default:
      return undefined
  }
}

const plain = (node: Node): Node => (node.kind === 'quantity' ? plain(node.of) : node)

/** Rounded or cut off: within one unit of the last digit that either of them has. */
export function isRounded(value: Node, rounded: Node, budget: Budget): boolean {
  const [a, b] = [plain(value), plain(rounded)]
  if (![a, b].every((each) => isExpression(each) && symbols(each).length === 0)) return false
  const place = lastPlace(rounded) ?? lastPlace(value)
  if (place === undefined) return false
  const none = new Map<string, number>()
  const [x, y] = [numericValue(a, none, budget), numericValue(b, none, budget)]
  return Math.hypot(x.re - y.re, x.im - y.im) <= place * (1 + 1e-9)
}
