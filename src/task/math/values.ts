/** Whether two expressions have one value: exactly where they are rational, else numerically, guarded. */
import { rngFrom } from '../../base/philox.js'
import type { Budget } from './budget.js'
import { same } from './complex.js'
import { exactValue } from './exact.js'
import { modularValue, modulo } from './modular.js'
import { infiniteSign, type Node, some, symbols } from './node.js'
import { numericValue } from './numeric.js'
import { equal, type Rational, TooLarge, Undefined } from './rational.js'

/** Random points at which expressions are compared: in the finite field, and as float64. */
const fieldPoints = 3
const floatPoints = 12
/** So many float points must agree; at the others a side may have no value. */
const fewestAgreeing = 5
/** Longer literals reach below what float64 tells apart; they are compared exactly or not at all. */
const mostDigits = 12

const pointStream = 7

export function sameValue(a: Node, b: Node, budget: Budget): boolean {
  if (infiniteSign(a) !== 0 || infiniteSign(b) !== 0) return infiniteSign(a) === infiniteSign(b)
  try {
    const [exactA, exactB] = [exactOrNothing(a, budget), exactOrNothing(b, budget)]
    if (exactA === 'large' || exactB === 'large') return sameInField(a, b, [], budget) === true
    if (exactA !== undefined && exactB !== undefined) return equal(exactA, exactB)
    const names = [...new Set([...symbols(a), ...symbols(b)])]
    if (names.length === 0) return sameNumber(a, b, budget)
    return sameInField(a, b, names, budget) ?? sameAtPoints(a, b, names, budget)
  } catch (error) {
    if (error instanceof Undefined || error instanceof TooLarge) return false
    throw error
  }
}

/** Whole numbers too large to write out, such as 5^2023, are compared in the field as well. */
function exactOrNothing(node: Node, budget: Budget): Rational | 'large' | undefined {
  if (some(node, ({ kind }) => kind === 'symbol' || kind === 'opaque')) return undefined
  try {
    return exactValue(node, budget)
  } catch (error) {
    if (error instanceof TooLarge) return 'large'
    throw error
  }
}

const isLong = (node: Node): boolean =>
  node.kind === 'number' && node.text.replace(/[eE].*$/, '').replace(/^0*\.?0*|\.|0+$/g, '').length > mostDigits

/** Functions that jump: two may differ only where no random point falls. */
const isStep = (node: Node): boolean => node.kind === 'call' && /^(?:floor|ceil|sign)$/.test(node.name)

function sameNumber(a: Node, b: Node, budget: Budget): boolean {
  if (some(a, isLong) || some(b, isLong)) return false
  const none = new Map<string, number>()
  return same(numericValue(a, none, budget), numericValue(b, none, budget)) === true
}

/** A random element of the field for every name, the same ones for both sides. */
function fieldPoint(point: number): (name: string) => bigint {
  const rng = rngFrom(point, pointStream)
  const known = new Map<string, bigint>()
  return (name) => {
    let element = known.get(name)
    if (element === undefined) {
      element = 0n
      for (let word = 0; word < 4; word++) element = (element << 32n) | BigInt(Math.floor(rng() * 2 ** 32))
      element = modulo(element)
      known.set(name, element)
    }
    return element
  }
}

/** undefined where a side is not a rational function, or every point was a pole. */
function sameInField(a: Node, b: Node, names: readonly string[], budget: Budget): boolean | undefined {
  let agreed = 0
  for (let point = 0; point < fieldPoints; point++) {
    const assign = fieldPoint(point)
    for (const name of names) assign(name)
    try {
      const valueA = modularValue(a, assign, budget)
      const valueB = valueA === undefined ? undefined : modularValue(b, assign, budget)
      if (valueA === undefined || valueB === undefined) return undefined
      if (valueA !== valueB) return false
      agreed++
    } catch (error) {
      if (!(error instanceof Undefined)) throw error
    }
  }
  return agreed > 0 ? true : undefined
}

/** Positive points first, then points of both signs, which tell sqrt(x^2) from x. */
function sameAtPoints(a: Node, b: Node, names: readonly string[], budget: Budget): boolean {
  if ([a, b].some((each) => some(each, isLong) || some(each, isStep))) return false
  const rng = rngFrom(0, pointStream)
  let agreed = 0
  for (let point = 0; point < floatPoints; point++) {
    const at = new Map<string, number>()
    for (const name of names) {
      const magnitude = 0.15 + 2.7 * rng()
      at.set(name, point % 2 === 1 && rng() < 0.6 ? -magnitude : magnitude)
    }
    const verdict = same(numericValue(a, at, budget), numericValue(b, at, budget))
    if (verdict === false) return false
    if (verdict === true) agreed++
  }
  return agreed >= fewestAgreeing
}

/** Whether a = 0 and b = 0 say the same: a is a constant times b, and neither is constant. */
export function proportional(a: Node, b: Node, budget: Budget): boolean {
  const names = symbols(a)
  if (names.length === 0 || names.join() !== symbols(b).join()) return false
  let first: readonly [bigint, bigint] | undefined
  try {
    for (let point = 0; point < fieldPoints; point++) {
      const assign = fieldPoint(point)
      for (const name of names) assign(name)
      const valueA = modularValue(a, assign, budget)
      const valueB = valueA === undefined ? undefined : modularValue(b, assign, budget)
      if (!valueA || !valueB) return false
      if (first === undefined) first = [valueA, valueB]
      else if (modulo(first[0] * valueB) !== modulo(first[1] * valueA)) return false
    }
    return true
  } catch (error) {
    if (error instanceof Undefined || error instanceof TooLarge) return false
    throw error
  }
}
