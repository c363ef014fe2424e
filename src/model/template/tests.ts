/** Tests (`x is defined`), as jinja2 has them. */

import { bind } from './arguments.js'
import type { Budget } from './budget.js'
import { inOrder } from './operators.js'
import { isLower, isUpper } from './text-methods.js'
import {
  Bool,
  Callable,
  compare,
  contains,
  Dict,
  equal,
  Float,
  Int,
  integerOf,
  isText,
  isUndefined,
  Lazy,
  List,
  None,
  numberOf,
  requireDefined,
  Safe,
  str,
  TemplateError,
  Text,
  UnsupportedTemplate,
  type Value,
  View,
} from './values.js'

type Test = (value: Value, other: Value, budget: Budget) => boolean

const order =
  (sign: string): Test =>
  (value, other, budget) =>
    inOrder(sign, compare(value, other, sign, budget))

const remainder = (value: Value, other: Value): number => {
  requireDefined(value, other)
  if (value instanceof Text) throw new UnsupportedTemplate('a text formatted with %')
  const [x, y] = [numberOf(value), numberOf(other)]
  if (x === undefined || y === undefined) throw new TemplateError('a test of remainders needs numbers')
  if (y === 0) throw new TemplateError('division by zero')
  return Math.abs(x % y)
}

const divides = (value: Value, other: Value): boolean => remainder(value, other) === 0

const two = new Int(2)

/** Tests of the value alone. */
const single: Record<string, (value: Value, budget: Budget) => boolean> = {
  boolean: (value) => value instanceof Bool,
  callable: (value) => isUndefined(value) || value instanceof Callable,
  defined: (value) => !isUndefined(value),
  undefined: isUndefined,
  none: (value) => value instanceof None,
  true: (value) => value instanceof Bool && value.value,
  false: (value) => value instanceof Bool && !value.value,
  string: (value) => value instanceof Text,
  number: (value) => numberOf(value) !== undefined,
  integer: (value) => value instanceof Int,
  float: (value) => value instanceof Float,
  mapping: (value) => value instanceof Dict,
  sequence: (value) =>
    isUndefined(value) ||
    value instanceof Text ||
    value instanceof Dict ||
    (value instanceof List && !(value instanceof View || value instanceof Lazy)),
  iterable: (value) => isUndefined(value) || value instanceof Text || value instanceof Dict || value instanceof List,
  even: (value) => divides(value, two),
  odd: (value) => remainder(value, two) === 1,
  lower: (value, budget) => isLower(str(value, budget)),
  upper: (value, budget) => isUpper(str(value, budget)),
  escaped: (value) => value instanceof Safe,
}

const equals: Test = (value, other, budget) => equal(value, other, budget)
const less = order('<')
const greater = order('>')

/** Tests of two values. */
const paired: Record<string, Test> = {
  eq: equals,
  equalto: equals,
  ne: (value, other, budget) => !equal(value, other, budget),
  lt: less,
  lessthan: less,
  le: order('<='),
  gt: greater,
  greaterthan: greater,
  ge: order('>='),
  in: (value, other, budget) => contains(other, value, budget),
  divisibleby: divides,
  sameas(value, other) {
    if (value instanceof None || value instanceof Bool) {
      return value.constructor === other.constructor && value.value === other.value
    }
    if (value.constructor !== other.constructor || value === other) return value === other
    if (isText(value) || integerOf(value) !== undefined || value instanceof Float) {
      throw new UnsupportedTemplate('the test `sameas` of texts or numbers')
    }
    return false
  },
}
const signs: Record<string, string> = { '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' }

/** @throws when there is no such test, or its arguments are wrong */
export function runTest(name: string, value: Value, args: readonly Value[], budget: Budget): boolean {
  const known = Object.hasOwn(signs, name) ? signs[name] : name
  if (Object.hasOwn(single, known)) {
    bind(name, [], args)
    return single[known](value, budget)
  }
  if (Object.hasOwn(paired, known)) {
    const [other] = bind(name, ['/other'], args)
    return paired[known](value, other!, budget)
  }
  if (name === 'filter' || name === 'test') throw new UnsupportedTemplate(`the test \`${name}\``)
  throw new TemplateError(`there is no test named '${name}'`)
}
