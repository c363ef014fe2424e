/**
 * Complex float64 numbers that carry a bound of their own rounding error, so that a comparison knows what it does not
 * know: two results are only called equal where they agree within bounds that are small, and different where they
 * differ by more than the bounds.
 */

export interface Complex {
  re: number
  im: number
  /** Bound (first order) on the distance from the true value. */
  error: number
}

const epsilon = 2 ** -52

export const size = (z: Complex): number => Math.hypot(z.re, z.im)

export const complex = (re: number, im = 0, error = epsilon * Math.hypot(re, im)): Complex => ({ re, im, error })

const rounded = (re: number, im: number, error: number): Complex => ({
  re,
  im,
  error: error + 4 * epsilon * Math.hypot(re, im),
})

export const plus = (a: Complex, b: Complex): Complex => rounded(a.re + b.re, a.im + b.im, a.error + b.error)
export const minus = (a: Complex): Complex => ({ re: -a.re, im: -a.im, error: a.error })

export function times(a: Complex, b: Complex): Complex {
  const error = a.error * size(b) + b.error * size(a) + a.error * b.error
  return rounded(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re, error)
}

export function over(a: Complex, b: Complex): Complex {
  const square = b.re * b.re + b.im * b.im
  const length = Math.sqrt(square)
  if (length <= b.error) return complex(Number.NaN)
  const re = (a.re * b.re + a.im * b.im) / square
  const im = (a.im * b.re - a.re * b.im) / square
  return rounded(re, im, (a.error + Math.hypot(re, im) * b.error) / (length - b.error))
}

/** f with the derivative's size at z as the factor of the error. */
const mapped = (re: number, im: number, z: Complex, slope: number): Complex => rounded(re, im, z.error * slope)

export function exponential(z: Complex): Complex {
  const length = Math.exp(z.re)
  return mapped(length * Math.cos(z.im), length * Math.sin(z.im), z, length * Math.exp(z.error))
}

/** Principal branch; a value so near 0 or the cut that the branch is open is NaN. */
export function logarithm(z: Complex): Complex {
  const length = size(z)
  if (length <= 2 * z.error) return complex(Number.NaN)
  if (z.im !== 0 && z.re < 0 && Math.abs(z.im) <= z.error) return complex(Number.NaN)
  const re = Math.log(length)
  return {
    ...mapped(re, Math.atan2(z.im, z.re), z, 2 / length),
    error: (2 * z.error) / length + 4 * epsilon * (4 + Math.abs(re)),
  }
}

export function squareRoot(z: Complex): Complex {
  if (z.im === 0) {
    if (z.re === 0 && z.error === 0) return complex(0)
    const root = Math.sqrt(Math.abs(z.re))
    if (Math.abs(z.re) <= 2 * z.error) return complex(Number.NaN)
    return z.re >= 0 ? mapped(root, 0, z, 1 / root) : mapped(0, root, z, 1 / root)
  }
  return exponential(times(complex(0.5), logarithm(z)))
}

export function raised(base: Complex, exponent: Complex): Complex {
  if (exponent.im === 0 && Number.isInteger(exponent.re) && exponent.error <= 1e-12 && Math.abs(exponent.re) <= 1024) {
    let result = complex(1, 0, 0)
    let square = base
    for (let n = Math.abs(exponent.re); n > 0; n = Math.floor(n / 2)) {
      if (n % 2 === 1) result = times(result, square)
      square = times(square, square)
    }
    return exponent.re < 0 ? over(complex(1, 0, 0), result) : result
  }
  if (base.re === 0 && base.im === 0 && base.error === 0)
    return exponent.re > 0 ? complex(0, 0, 0) : complex(Number.NaN)
  return exponential(times(exponent, logarithm(base)))
}

/** A real function of a real argument, with |f'| from the difference quotient. NaN off the real line. */
export function real(f: (x: number) => number, z: Complex): Complex {
  if (z.im !== 0) return complex(Number.NaN)
  const value = f(z.re)
  const step = Math.max(z.error, epsilon * Math.max(1, Math.abs(z.re)))
  const change = Math.max(Math.abs(f(z.re + step) - value), Math.abs(f(z.re - step) - value))
  return complex(value, 0, 2 * change + 4 * epsilon * Math.abs(value))
}

/**
 * Whether a and b are one number: undefined where either has no value, or the errors are too large to say.
 */
export function same(a: Complex, b: Complex): boolean | undefined {
  const error = a.error + b.error
  const distance = Math.hypot(a.re - b.re, a.im - b.im)
  if (!Number.isFinite(distance) || !Number.isFinite(error)) return undefined
  if (distance > 2 * error) return false
  return error <= 1e-10 * Math.max(size(a), size(b)) || error <= 1e-14 ? true : undefined
}
