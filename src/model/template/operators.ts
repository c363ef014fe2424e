/** Python's operators. */

import type { Budget } from './budget.js'
import {
  bool,
  compare,
  contains,
  equal,
  Float,
  float,
  int,
  integerOf,
  isSequence,
  isText,
  list,
  numberOf,
  Range,
  requireDefined,
  Safe,
  str,
  TemplateError,
  Text,
  Tuple,
  text,
  typeName,
  UnsupportedTemplate,
  type Value,
} from './values.js'

/** Every operator of two operands but `and` and `or`. */
export function operate(sign: string, a: Value, b: Value, budget: Budget): Value {
  switch (sign) {
    case '==':
      return bool(equal(a, b, budget))
    case '!=':
      return bool(!equal(a, b, budget))
    case 'in':
      return bool(contains(b, a, budget))
    case 'not in':
      return bool(!contains(b, a, budget))
    case '<':
    case '>':
    case '<=':
    case '>=':
      return bool(inOrder(sign, compare(a, b, sign, budget)))
    case '~': {
      const joined = str(a, budget) + str(b, budget)
      budget.joined(joined.length)
      return text(joined)
    }
  }
  if (sign === '+' && (a instanceof Safe || b instanceof Safe) && a instanceof Text && b instanceof Text) {
    return new Safe(operate('~', escaped(a), escaped(b), budget).value as string)
  }
  requireDefined(a, b)
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) {
    const whole = !(a instanceof Float || b instanceof Float)
    return whole ? integers(sign, x, y) : float(floats(sign, x, y))
  }
  if (sign === '+') return added(a, b, budget)
  if (sign === '*') {
    const times = integerOf(b)
    if (times !== undefined) return repeated(a, times, budget)
    const first = integerOf(a)
    if (first !== undefined) return repeated(b, first, budget)
  }
  if (sign === '%' && a instanceof Text) throw new UnsupportedTemplate('a text formatted with %')
  return mismatch(sign, a, b)
}

const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' }

/** What is added to a safe text is made safe. */
function escaped(value: Value<string>): Value {
  return value instanceof Safe ? value : text(value.value.replaceAll(/[&<>'"]/g, (mark) => marks[mark]))
}

function mismatch(sign: string, a: Value, b: Value): never {
  throw new TemplateError(`unsupported operand types for ${sign}: '${typeName(a)}' and '${typeName(b)}'`)
}

export function inOrder(sign: string, order: number | undefined): boolean {
  if (order === undefined) return false
  if (sign === '<') return order < 0
  if (sign === '>') return order > 0
  return sign === '<=' ? order <= 0 : order >= 0
}

function added(a: Value, b: Value, budget: Budget): Value {
  if (isText(a) && isText(b)) {
    budget.joined(a.value.length + b.value.length)
    return text(a.value + b.value)
  }
  if (!isSequence(a) || a.constructor !== b.constructor) return mismatch('+', a, b)
  const other = (b as Value<Value[]>).value
  budget.items(a.value.length + other.length)
  const items = a.value.concat(other)
  return a instanceof Tuple ? new Tuple(items) : list(items)
}

function repeated(value: Value, times: number, budget: Budget): Value {
  const count = Math.max(0, times)
  if (isText(value)) {
    budget.text(value.value.length * count)
    return text(value.value.repeat(value.value === '' ? 0 : count))
  }
  if (!isSequence(value) || value instanceof Range)
    throw new TemplateError(`can't multiply '${typeName(value)}' by 'int'`)
  budget.items(value.value.length * count)
  const items = value.value.length === 0 ? [] : Array.from({ length: count }, () => value.value).flat()
  return value instanceof Tuple ? new Tuple(items) : list(items)
}

function requireDivisor(y: number): void {
  if (y === 0) throw new TemplateError('division by zero')
}

/** The remainder has the divisor's sign. */
function remainder(x: number, y: number): number {
  requireDivisor(y)
  const rest = x % y
  if (rest === 0) return y < 0 ? -0 : 0
  return rest < 0 === y < 0 ? rest : rest + y
}

function integers(sign: string, x: number, y: number): Value {
  switch (sign) {
    case '+':
      return int(x + y)
    case '-':
      return int(x - y)
    case '*':
      return int(x * y || 0)
    case '/':
      requireDivisor(y)
      return float(x / y || (y < 0 && x === 0 ? -0 : 0))
    case '//':
      return int((x - remainder(x, y)) / y || 0)
    case '%':
      return int(remainder(x, y) || 0)
    default:
      return y < 0 ? float(power(x, y)) : int(power(x, y))
  }
}

function floats(sign: string, x: number, y: number): number {
  switch (sign) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      requireDivisor(y)
      return x / y
    case '//': {
      const quotient = (x - remainder(x, y)) / y
      const floor = Math.floor(quotient)
      return quotient - floor > 0.5 ? floor + 1 : floor
    }
    case '%':
      return remainder(x, y)
    default:
      return power(x, y)
  }
}

function power(x: number, y: number): number {
  if (x === 0 && y < 0) throw new TemplateError('0.0 cannot be raised to a negative power')
  const result = x ** y
  if (Number.isNaN(result) && !Number.isNaN(x) && !Number.isNaN(y)) throw new UnsupportedTemplate('a complex number')
  if (!Number.isFinite(result) && Number.isFinite(x) && Number.isFinite(y))
    throw new TemplateError('the number is too large')
  return result
}
