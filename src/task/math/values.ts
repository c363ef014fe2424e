/** Whether two expressions have one value: exactly where they are rational, else numerically, guarded. */
import { rngFrom } from '../../base/philox.js'
import type { Budget } from './budget.js'
import { type Complex, same, size, times } from './complex.js'
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

type Names = readonly string[]

/** Scales at which real values are looked for: \sqrt{x - 5} has none near 1. */
const scales = [1, 1, 1, 1, 1, 1, 10, 0.3, 100, 10, 0.3, 100, 10, 0.3, 100, 10, 3, 30, 3, 30, 1000, 1000]

/** What two values at one point say: real and equal or not, only one of them real, both complex, or nothing. */
type Meeting = 'equal' | 'different' | 'complex' | 'nothing'

function meeting(a: Complex, b: Complex): Meeting {
  const verdict = same(a, b)
  if (verdict === undefined) return 'nothing'
  const [realA, realB] = [isReal(a), isReal(b)]
  if (!realA && !realB) return 'complex'
  return verdict ? 'equal' : 'different'
}

const isReal = (z: Complex): boolean => Math.abs(z.im) <= 4 * z.error

/**
 * Expressions with roots, logarithms and the like at random real points. Where both sides have real values these must
 * agree, and one must not be real where the other is not: \ln(x^2) is not 2 \ln x. Where a single unknown below 0
 * leaves neither side real, it is positive by what the expressions mean, so that \sqrt{3/k} is \sqrt{3k}/k. Expressions
 * that are real nowhere are compared as complex numbers.
 */
function sameAtPoints(a: Node, b: Node, names: Names, budget: Budget): boolean {
  if ([a, b].some((each) => some(each, isLong) || some(each, isStep))) return false
  const rng = rngFrom(0, pointStream)
  const point = (scale: number, isNegative: (name: string) => boolean) =>
    new Map(names.map((name) => [name, (isNegative(name) ? -scale : scale) * (0.15 + 2.7 * rng())]))
  const valuesAt = (at: ReadonlyMap<string, number>) =>
    [numericValue(a, at, budget), numericValue(b, at, budget)] as const

  let agreed = 0
  let complexAgreed = 0
  let complexDiffered = 0
  for (const [tried, scale] of scales.entries()) {
    if (agreed >= fewestAgreeing && tried >= floatPoints / 2) break
    const [x, y] = valuesAt(point(scale, () => false))
    const met = meeting(x, y)
    if (met === 'different') return false
    if (met === 'equal') agreed++
    else if (met === 'complex') same(x, y) === true ? complexAgreed++ : complexDiffered++
  }
  const isComplex = agreed === 0
  if (isComplex ? complexAgreed < fewestAgreeing || complexDiffered > 0 : agreed < fewestAgreeing) return false

  /** Whether nothing speaks against a point, and whether it has a real value. */
  const holdsAt = (at: ReadonlyMap<string, number>): { holds: boolean; isSeen: boolean } => {
    const [x, y] = valuesAt(at)
    const met = meeting(x, y)
    const holds = isComplex ? same(x, y) !== false : met !== 'different'
    return { holds, isSeen: met === 'equal' || (isComplex && holds) }
  }
  const free: string[] = []
  for (const flipped of names) {
    const results = [1, 1, 10].map((scale) => holdsAt(point(scale, (name) => name === flipped)))
    if (results.some(({ holds }) => !holds)) return false
    if (results.some(({ isSeen }) => isSeen)) free.push(flipped)
  }
  for (let tried = 0; tried < floatPoints / 2 && free.length > 1; tried++) {
    if (!holdsAt(point(1, (name) => free.includes(name) && rng() < 0.6)).holds) return false
  }
  return true
}

/**
 * The sign of the constant c with a = c b: then a = 0 and b = 0 say the same. 0 where the sign is not known, undefined
 * where there is no such constant, or a side is constant itself.
 */
export function proportional(a: Node, b: Node, budget: Budget): -1 | 0 | 1 | undefined {
  const names = symbols(a)
  if (names.length === 0 || names.join() !== symbols(b).join()) return undefined
  try {
    const inField = proportionalInField(a, b, names, budget)
    return inField === false ? undefined : ratioAtPoints(a, b, names, budget, inField === true)
  } catch (error) {
    if (error instanceof Undefined || error instanceof TooLarge) return undefined
    throw error
  }
}

/** undefined where a side is not a rational function. */
function proportionalInField(a: Node, b: Node, names: Names, budget: Budget): boolean | undefined {
  let first: readonly [bigint, bigint] | undefined
  for (let point = 0; point < fieldPoints; point++) {
    const assign = fieldPoint(point)
    for (const name of names) assign(name)
    const valueA = modularValue(a, assign, budget)
    const valueB = valueA === undefined ? undefined : modularValue(b, assign, budget)
    if (valueA === undefined || valueB === undefined) return undefined
    if (valueA === 0n || valueB === 0n) return false
    if (first === undefined) first = [valueA, valueB]
    else if (modulo(first[0] * valueB) !== modulo(first[1] * valueA)) return false
  }
  return true
}

function ratioAtPoints(a: Node, b: Node, names: Names, budget: Budget, isKnown: boolean): -1 | 0 | 1 | undefined {
  if (!isKnown && [a, b].some((each) => some(each, isLong) || some(each, isStep))) return undefined
  const rng = rngFrom(0, pointStream)
  let first: readonly [Complex, Complex] | undefined
  let agreed = 0
  for (let point = 0; point < floatPoints; point++) {
    const isPositive = point % 2 === 0
    const at = new Map(names.map((name) => [name, (isPositive || rng() < 0.4 ? 1 : -1) * (0.15 + 2.7 * rng())]))
    const [x, y] = [numericValue(a, at, budget), numericValue(b, at, budget)]
    if (!isReal(x) || !isReal(y) || !(size(x) > 4 * x.error) || !(size(y) > 4 * y.error)) continue
    first ??= [x, y]
    const verdict = same(times(first[0], y), times(first[1], x))
    if (verdict === false && !isKnown) return undefined
    if (verdict === true) agreed++
  }
  if (!isKnown && agreed < fewestAgreeing) return undefined
  return first === undefined ? 0 : Math.sign(first[0].re) === Math.sign(first[1].re) ? 1 : -1
}
