/** The exact value of an expression that is a rational number. */
import type { Budget } from './budget.js'
import type { Node } from './node.js'
import {
  absolute,
  add,
  compare,
  divide,
  equal,
  floor,
  gcd,
  multiply,
  negate,
  power,
  type Rational,
  rational,
  root,
  Undefined,
} from './rational.js'

const zero: Rational = { n: 0n, d: 1n }
const one: Rational = { n: 1n, d: 1n }
const largestFactorial = 400n

/** What arithmetic on numbers of this size costs, in the budget's units. */
function cost({ n, d }: Rational): number {
  const size = absolute(n) > d ? absolute(n) : d
  if (size < 1n << 64n) return 1
  const bits = size.toString(16).length * 4
  return 1 + (bits * bits) / 4000
}

/**
 * The value, or undefined where it is not rational, or not by rules that stay exact. Degrees and percents in an
 * expression count as what they are: 50 % is 1/2.
 * @throws Undefined where there is no value (1/0), TooLarge beyond the bound of rationals, OverBudget.
 */
export function exactValue(node: Node, budget: Budget): Rational | undefined {
  const value = calculate(node, budget)
  budget.spend(value === undefined ? 1 : cost(value))
  return value
}

function calculate(node: Node, budget: Budget): Rational | undefined {
  const all = (nodes: readonly Node[]): Rational[] | undefined => {
    const values: Rational[] = []
    for (const each of nodes) {
      const value = exactValue(each, budget)
      if (value === undefined) return undefined
      values.push(value)
    }
    return values
  }
  switch (node.kind) {
    case 'number':
      return node.value
    case 'negative': {
      const value = exactValue(node.of, budget)
      return value && negate(value)
    }
    case 'sum':
      return all(node.terms)?.reduce(add, zero)
    case 'product':
      return all(node.factors)?.reduce(multiply, one)
    case 'quotient': {
      const values = all([node.over, node.under])
      return values && divide(values[0]!, values[1]!)
    }
    case 'percent': {
      const value = exactValue(node.of, budget)
      return value && divide(value, rational(100n))
    }
    case 'power': {
      const values = all([node.base, node.exponent])
      return values && exactPower(values[0]!, values[1]!)
    }
    case 'call': {
      const values = all(node.args)
      return values && exactCall(node.name, values, budget)
    }
    default:
      return undefined
  }
}

function exactPower(base: Rational, exponent: Rational): Rational | undefined {
  if (exponent.d === 1n) return power(base, exponent.n)
  // The principal root of a negative number is not real.
  if (base.n < 0n || exponent.d > 64n) return undefined
  const found = root(base, Number(exponent.d))
  return found && power(found, exponent.n)
}

function exactCall(name: string, args: readonly Rational[], budget: Budget): Rational | undefined {
  const [x, y] = args
  if (x === undefined) throw new Undefined(name)
  switch (name) {
    case 'root':
      return y === undefined || y.d !== 1n || y.n < 2n || y.n > 64n ? undefined : root(x, Number(y.n))
    case 'abs':
      return { n: absolute(x.n), d: x.d }
    case 'sign':
      return rational(x.n > 0n ? 1n : x.n < 0n ? -1n : 0n)
    case 'floor':
      return rational(floor(x))
    case 'ceil':
      return rational(-floor(negate(x)))
    case 'factorial':
      return factorial(x, budget)
    case 'binom':
      return y === undefined ? undefined : binomial(x, y, budget)
    case 'max':
      return args.reduce((a, b) => (compare(a, b) < 0 ? b : a))
    case 'min':
      return args.reduce((a, b) => (compare(a, b) > 0 ? b : a))
    case 'gcd':
    case 'lcm':
      if (args.some(({ d }) => d !== 1n)) return undefined
      return rational(args.map(({ n }) => n).reduce((a, b) => (name === 'gcd' ? gcd(a, b) : commonMultiple(a, b))))
    case 'exp':
    case 'sin':
    case 'tan':
    case 'arcsin':
    case 'arctan':
    case 'sinh':
    case 'tanh':
      return x.n === 0n ? (name === 'exp' ? one : zero) : undefined
    case 'cos':
    case 'cosh':
      return x.n === 0n ? one : undefined
    case 'ln':
      if (x.n === 0n) throw new Undefined('the logarithm of 0')
      return equal(x, one) ? zero : undefined
    case 'log':
      return exactLogarithm(x, y ?? rational(10n), budget)
    default:
      return undefined
  }
}

function commonMultiple(a: bigint, b: bigint): bigint {
  return a === 0n || b === 0n ? 0n : absolute((a / gcd(a, b)) * b)
}

function factorial(x: Rational, budget: Budget): Rational | undefined {
  if (x.d !== 1n || x.n < 0n || x.n > largestFactorial) return undefined
  budget.spend(Number(x.n) / 4)
  let product = 1n
  for (let i = 2n; i <= x.n; i++) product *= i
  return rational(product)
}

function binomial(n: Rational, k: Rational, budget: Budget): Rational | undefined {
  if (n.d !== 1n || k.d !== 1n || n.n < 0n || n.n > 2000n) return undefined
  if (k.n < 0n || k.n > n.n) return zero
  const factors = k.n * 2n < n.n ? k.n : n.n - k.n
  budget.spend(Number(factors))
  let product = 1n
  for (let i = 1n; i <= factors; i++) product = (product * (n.n - factors + i)) / i
  return rational(product)
}

/** log_b x where it is a whole number (or one over one). */
function exactLogarithm(x: Rational, base: Rational, budget: Budget): Rational | undefined {
  if (x.n <= 0n || base.n <= 0n || equal(base, one)) throw new Undefined('a logarithm')
  if (equal(x, one)) return zero
  const found = Math.round(logOf(x) / logOf(base))
  if (!Number.isFinite(found) || found === 0 || Math.abs(found) > 2000) return undefined
  budget.spend(20)
  return equal(power(base, BigInt(found)), x) ? rational(BigInt(found)) : undefined
}

const logOf = ({ n, d }: Rational): number => Math.log(Number(n)) - Math.log(Number(d))
