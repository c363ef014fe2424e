/** The value of any expression as a complex float64 number with an error bound, at given values of its symbols. */
import type { Budget } from './budget.js'
import {
  type Complex,
  complex,
  exponential,
  logarithm,
  minus,
  over,
  plus,
  raised,
  real,
  size,
  squareRoot,
  times,
} from './complex.js'
import type { Node } from './node.js'
import { divide, negate, type Rational } from './rational.js'

const nothing = complex(Number.NaN)

const realFunctions: Readonly<Record<string, (x: number) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  cot: (x) => 1 / Math.tan(x),
  sec: (x) => 1 / Math.cos(x),
  csc: (x) => 1 / Math.sin(x),
  sech: (x) => 1 / Math.cosh(x),
  csch: (x) => 1 / Math.sinh(x),
  coth: (x) => 1 / Math.tanh(x),
  arccot: (x) => Math.PI / 2 - Math.atan(x),
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  arcsin: Math.asin,
  arccos: Math.acos,
  arctan: Math.atan,
  floor: Math.floor,
  ceil: Math.ceil,
  sign: Math.sign,
}

/** NaN where there is no value, or no rule for one. */
export function numericValue(node: Node, at: ReadonlyMap<string, number>, budget: Budget): Complex {
  budget.spend(1)
  const value = (each: Node) => numericValue(each, at, budget)
  switch (node.kind) {
    case 'number':
      return complex(Number(node.value.n) / Number(node.value.d))
    case 'symbol': {
      const assigned = at.get(node.name)
      return assigned === undefined ? nothing : complex(assigned, 0, 0)
    }
    case 'constant':
      if (node.name === 'pi') return complex(Math.PI)
      if (node.name === 'e') return complex(Math.E)
      return node.name === 'i' ? complex(0, 1, 0) : nothing
    case 'sum':
      return total(node.terms.map(value))
    case 'negative':
      return minus(value(node.of))
    case 'product':
      return node.factors.map(value).reduce(times)
    case 'quotient':
      return over(value(node.over), value(node.under))
    case 'power':
      if (node.base.kind === 'constant' && node.base.name === 'e') return exponential(value(node.exponent))
      return oddRoot(node.exponent, value(node.base)) ?? raised(value(node.base), value(node.exponent))
    case 'degrees':
      return times(value(node.of), complex(Math.PI / 180))
    case 'percent':
      return times(value(node.of), complex(0.01))
    case 'call':
      return call(node.name, node.args.map(value))
    default:
      return nothing
  }
}

/** A term this much smaller than another is lost in the sum's error: what the sum then equals is open. */
const smallestShare = 1e-11

function total(terms: readonly Complex[]): Complex {
  const largest = Math.max(...terms.map(size))
  const lost = terms.some((term) => size(term) > 4 * term.error && size(term) < smallestShare * largest)
  return lost ? nothing : terms.reduce(plus)
}

function call(name: string, args: readonly Complex[]): Complex {
  const [x, y] = args
  if (x === undefined) return nothing
  switch (name) {
    case 'root':
      return y === undefined ? nothing : root(x, y)
    case 'exp':
      return exponential(x)
    case 'cis':
      return exponential(times(complex(0, 1, 0), x))
    case 'ln':
      return logarithm(x)
    case 'log':
      return over(logarithm(x), logarithm(y ?? complex(10, 0, 0)))
    case 'abs':
      return complex(Math.hypot(x.re, x.im), 0, x.error)
    case 'max':
    case 'min':
      return args.some(({ im }) => im !== 0)
        ? nothing
        : args.reduce((a, b) => (a.re > b.re === (name === 'max') ? a : b))
  }
  return Object.hasOwn(realFunctions, name) && args.length === 1 ? real(realFunctions[name]!, x) : nothing
}

/** The real root of a negative number where the index is odd, as an index of 3 is understood; else the principal one. */
function root(x: Complex, index: Complex): Complex {
  if (index.re === 2 && index.im === 0) return squareRoot(x)
  if (x.im === 0 && x.re < 0 && index.im === 0 && index.re % 2 === 1) return minus(root(minus(x), index))
  return raised(x, over(complex(1, 0, 0), index))
}

/** x^(p/q) with q odd is real for x < 0 as well, as the root with that index is. */
function oddRoot(exponent: Node, x: Complex): Complex | undefined {
  if (x.im !== 0 || x.re >= 0) return undefined
  const ratio = ratioOf(exponent)
  if (ratio === undefined || ratio.d === 1n || ratio.d % 2n === 0n) return undefined
  const power = raised(minus(x), complex(Number(ratio.n) / Number(ratio.d)))
  return ratio.n % 2n === 0n ? power : minus(power)
}

/** A fraction that is written as one. */
function ratioOf(node: Node): Rational | undefined {
  if (node.kind === 'number') return node.value
  if (node.kind === 'negative') {
    const of = ratioOf(node.of)
    return of && negate(of)
  }
  if (node.kind !== 'quotient' || node.over.kind !== 'number' || node.under.kind !== 'number') return undefined
  return node.under.value.n === 0n ? undefined : divide(node.over.value, node.under.value)
}
