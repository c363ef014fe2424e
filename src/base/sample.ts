/** Mean and deviation of numbers, also where a sum or a square of them is beyond float64. */
import { largest } from './extremes.js'

/** Arithmetic mean; NaN of no values. */
export function mean(values: ArrayLike<number>): number {
  const { length } = values
  const sumOf = (scale: number) => {
    let sum = 0
    for (let i = 0; i < length; i++) sum += values[i]! / scale
    return sum
  }
  const plain = sumOf(1) / length
  return Number.isFinite(plain) ? plain : sumOf(length)
}

/** Those of the values that are finite numbers. */
export const finite = (values: readonly (number | undefined | null)[]): number[] =>
  values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))

/** The mean of the values that are finite; undefined if none is, so that an absent quantity stays absent. */
export function meanOfFinite(values: readonly (number | undefined | null)[]): number | undefined {
  const numbers = finite(values)
  return numbers.length === 0 ? undefined : mean(numbers)
}

/** Sample standard deviation, with n - 1. */
export function sampleDeviation(values: readonly number[]): number {
  const center = mean(values)
  const deviations = values.map((value) => value - center)
  const plain = rootMeanSquare(deviations)
  if (Number.isFinite(plain)) return plain
  const most = largest(deviations.map(Math.abs))
  return most * rootMeanSquare(deviations.map((value) => value / most))
}

const rootMeanSquare = (deviations: readonly number[]) =>
  Math.sqrt(deviations.reduce((total, value) => total + value ** 2, 0) / (deviations.length - 1))

/**
 * Largest difference, relative to the values' size, that counts as rounding: 0.1 + 0.2 is 0.3. A difference that a grader
 * means is larger.
 */
const rounding = 1e-9

/** Whether values (rewards, for instance) are the same but for rounding; so are none. */
export function areEqual(values: readonly number[]): boolean {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return values.length === 0 || high - low <= rounding * Math.max(Math.abs(low), Math.abs(high))
}
