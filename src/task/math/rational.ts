/** Exact fractions of big integers, of bounded size. */

/** n / d in lowest terms, d > 0. */
export interface Rational {
  n: bigint
  d: bigint
}

/** Numerators and denominators beyond this many bits are not computed with. */
export const largestBits = 4096
const largest = 1n << BigInt(largestBits)

/** Thrown where a number would grow beyond the bound. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/** Thrown where a value does not exist, such as 1/0. */
export class Undefined extends Error {
  override name = 'Undefined'
}

export const absolute = (x: bigint): bigint => (x < 0n ? -x : x)

export function gcd(a: bigint, b: bigint): bigint {
  let x = absolute(a)
  let y = absolute(b)
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

export function rational(n: bigint, d = 1n): Rational {
  if (d === 0n) throw new Undefined('division by zero')
  if (absolute(n) > largest || absolute(d) > largest) throw new TooLarge(`more than ${largestBits} bits`)
  const divisor = d === 1n ? 1n : gcd(n, d)
  const sign = d < 0n ? -1n : 1n
  return { n: (sign * n) / divisor, d: (sign * d) / divisor }
}

export const add = (a: Rational, b: Rational): Rational => rational(a.n * b.d + b.n * a.d, a.d * b.d)
export const multiply = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d)
export const divide = (a: Rational, b: Rational): Rational => rational(a.n * b.d, a.d * b.n)
export const negate = (a: Rational): Rational => ({ n: -a.n, d: a.d })
export const equal = (a: Rational, b: Rational): boolean => a.n === b.n && a.d === b.d
/** Negative, zero or positive as a is below, at or above b. */
export const compare = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

export function floor(a: Rational): bigint {
  const quotient = a.n / a.d
  return a.n % a.d < 0n ? quotient - 1n : quotient
}

export function bitLength(x: bigint): number {
  return absolute(x).toString(16).length * 4
}

/** a to a whole power, where the result stays within the bound. */
export function power(a: Rational, exponent: bigint): Rational {
  if (exponent === 0n) return { n: 1n, d: 1n }
  if (exponent < 0n) return power(divide({ n: 1n, d: 1n }, a), -exponent)
  if (a.d === 1n && absolute(a.n) <= 1n) return { n: exponent % 2n === 0n ? a.n * a.n : a.n, d: 1n }
  const bits = Math.max(bitLength(a.n), bitLength(a.d)) - 4
  if (exponent > BigInt(largestBits) || bits * Number(exponent) > largestBits) throw new TooLarge('a large power')
  return { n: a.n ** exponent, d: a.d ** exponent }
}

/** The whole k-th root of x >= 0, or undefined where there is none. Newton's iteration from above. */
function wholeRoot(x: bigint, k: number): bigint | undefined {
  if (x < 2n) return x
  const order = BigInt(k)
  let guess = 1n << BigInt(Math.ceil(bitLength(x) / k) + 1)
  for (;;) {
    const next = ((order - 1n) * guess + x / guess ** (order - 1n)) / order
    if (next >= guess) break
    guess = next
  }
  return guess ** order === x ? guess : undefined
}

/** The k-th root where it is rational (the real one of a negative number and odd k), else undefined. */
export function root(a: Rational, k: number): Rational | undefined {
  if (a.n < 0n) {
    if (k % 2 === 0) return undefined
    const positive = root(negate(a), k)
    return positive && negate(positive)
  }
  const n = wholeRoot(a.n, k)
  if (n === undefined) return undefined
  const d = wholeRoot(a.d, k)
  return d === undefined ? undefined : { n, d }
}

/** A decimal literal (digits, at most one point, an exponent of ten) exactly. */
export function fromDecimal(text: string): Rational {
  const [mantissa, exponent = '0'] = text.split(/e/i) as [string, string?]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  const shift = Number(exponent) - fraction.length
  if (Math.abs(shift) > 2000 || whole.length + fraction.length > 2000) throw new TooLarge('a long number')
  const digits = BigInt(`${whole}${fraction}` || '0')
  return shift >= 0 ? rational(digits * 10n ** BigInt(shift)) : rational(digits, 10n ** BigInt(-shift))
}
