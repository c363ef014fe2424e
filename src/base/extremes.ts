/** Smallest and largest of any number of values, where `Math.min(...values)` fails above about 120,000. NaN if any is. */

export function smallest(values: Iterable<number>): number {
  let least = Infinity
  for (const value of values) least = Math.min(least, value)
  return least
}

export function largest(values: Iterable<number>): number {
  let most = -Infinity
  for (const value of values) most = Math.max(most, value)
  return most
}
