/** `int(x)` and `float(x)`, as the filters call them. Undefined when Python's raise ValueError or TypeError. */

import { strip } from './text.js'
import { integerOf, isText, None, numberOf, requireDefined, UnsupportedTemplate, type Value } from './values.js'

function numberText(value: string): string {
  const digits = strip(value)
  if (/\p{Nd}/u.test(digits.replaceAll(/[0-9]/g, ''))) {
    throw new UnsupportedTemplate(`the number ${JSON.stringify(digits.slice(0, 20))}`)
  }
  return digits
}

export function toFloat(value: Value): number | undefined {
  requireDefined(value)
  const number = numberOf(value)
  if (number !== undefined || !isText(value)) return number
  const digits = numberText(value.value)
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(digits)
  if (special !== null) {
    const size = /^nan$/i.test(special[2]) ? Number.NaN : Number.POSITIVE_INFINITY
    return special[1] === '-' ? -size : size
  }
  return /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i.test(digits)
    ? Number(digits.replaceAll('_', ''))
    : undefined
}

export function toInteger(value: Value, base: number): number | undefined {
  requireDefined(value)
  const whole = integerOf(value)
  if (whole !== undefined) return whole
  if (value instanceof None) return undefined
  if (isText(value)) {
    if (base !== 10) throw new UnsupportedTemplate(`the filter \`int\` with the base ${base}`)
    const digits = numberText(value.value)
    if (/^[+-]?\d+(?:_\d+)*$/.test(digits)) return Number(digits.replaceAll('_', '')) || 0
  }
  const number = toFloat(value)
  return number !== undefined && Number.isFinite(number) ? Math.trunc(number) || 0 : undefined
}
