/** Closed intervals that are known to hold a number; sums and products hold the sum and product. */

/** [lowest, highest]. */
export type Interval = readonly [low: number, high: number]

export const exactly = (value: number): Interval => [value, value]

export const add = (a: Interval, b: Interval): Interval => [a[0] + b[0], a[1] + b[1]]

export const subtract = (a: Interval, b: Interval): Interval => [a[0] - b[1], a[1] - b[0]]

export const scale = (a: Interval, factor: number): Interval =>
  factor < 0 ? [a[1] * factor, a[0] * factor] : [a[0] * factor, a[1] * factor]

export function multiply(a: Interval, b: Interval): Interval {
  const products = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]]
  return [Math.min(...products), Math.max(...products)]
}

/** What both hold; where they only touch by rounding, the point between them. */
export function intersect(a: Interval, b: Interval): Interval {
  const low = Math.max(a[0], b[0])
  const high = Math.min(a[1], b[1])
  return low <= high ? [low, high] : exactly((low + high) / 2)
}

/** Wider by `slack` on both sides. */
export const widen = (a: Interval, slack: number): Interval => [a[0] - slack, a[1] + slack]
