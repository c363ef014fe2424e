/**
 * Polynomial identity testing (Schwartz 1980, Zippel 1979): two rational expressions are one function where they agree
 * at random points of a field of about 2^126 elements. Exact, without growth of numbers, and wrong with a chance below
 * degree / 2^126. Symbols, pi and e are random elements; i is a square root of -1.
 */
import type { Budget } from './budget.js'
import { exactValue } from './exact.js'
import type { Node } from './node.js'
import { Undefined } from './rational.js'

/** A prime that is 1 modulo 4, of no special form, and a square root of -1 modulo it. */
export const prime = 85070591731222270186855997536843287593n
const rootOfMinusOne = 32798370996507205946746522622395169856n

export const modulo = (x: bigint): bigint => {
  const rest = x % prime
  return rest < 0n ? rest + prime : rest
}

function powerModulo(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let n = exponent; n > 0n; n >>= 1n) {
    if (n & 1n) result = (result * square) % prime
    square = (square * square) % prime
  }
  return result
}

function inverse(x: bigint): bigint {
  if (x === 0n) throw new Undefined('division by zero')
  return powerModulo(x, prime - 2n)
}

/**
 * The expression in the field, or undefined where it is not made of + - * / and whole powers alone. `assign` gives
 * each symbol its element. @throws Undefined at a pole.
 */
export function modularValue(node: Node, assign: (name: string) => bigint, budget: Budget): bigint | undefined {
  budget.spend(1)
  const value = (each: Node) => modularValue(each, assign, budget)
  switch (node.kind) {
    case 'number':
      return node.value.d === 1n ? modulo(node.value.n) : modulo(modulo(node.value.n) * inverse(modulo(node.value.d)))
    case 'symbol':
      return assign(node.name)
    case 'constant':
      if (node.name === 'infinity') return undefined
      return node.name === 'i' ? rootOfMinusOne : assign(`\\${node.name}`)
    case 'negative': {
      const of = value(node.of)
      return of === undefined ? undefined : modulo(-of)
    }
    case 'sum':
    case 'product': {
      let total = node.kind === 'sum' ? 0n : 1n
      for (const each of node.kind === 'sum' ? node.terms : node.factors) {
        const next = value(each)
        if (next === undefined) return undefined
        total = modulo(node.kind === 'sum' ? total + next : total * next)
      }
      return total
    }
    case 'quotient': {
      const over = value(node.over)
      const under = over === undefined ? undefined : value(node.under)
      if (over === undefined || under === undefined) return undefined
      budget.spend(40)
      return modulo(over * inverse(under))
    }
    case 'power':
      return raise(node.base, node.exponent, assign, budget)
    default:
      return undefined
  }
}

/** Degrees are bounded for the bound on chance; a number's powers by an exponent below any likely order in the field. */
const largestDegree = 10_000n
const largestOfNumbers = 1n << 40n

function raise(base: Node, exponent: Node, assign: (name: string) => bigint, budget: Budget): bigint | undefined {
  const n = exactValue(exponent, budget)
  const largest = base.kind === 'number' ? largestOfNumbers : largestDegree
  if (n === undefined || n.d !== 1n || n.n > largest || n.n < -largest) return undefined
  const x = modularValue(base, assign, budget)
  if (x === undefined) return undefined
  budget.spend(10)
  return n.n < 0n ? inverse(powerModulo(x, -n.n)) : powerModulo(x, n.n)
}
