/** The few statistics that charts and captions quote. All of them skip what is not a finite number. */
import { finite, meanOfFinite as mean } from '../base/sample.js'

export { finite, mean }

export type Point = readonly [x: number, y: number]

/** The value below which a share `q` of the values lies, linear between neighbours. */
export function quantile(values: readonly (number | undefined | null)[], q: number): number | undefined {
  const sorted = finite(values).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const position = (sorted.length - 1) * Math.min(1, Math.max(0, q))
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below)
}

export function extent(values: readonly (number | undefined | null)[]): [min: number, max: number] | undefined {
  const numbers = finite(values)
  if (numbers.length === 0) return undefined
  let [min, max] = [numbers[0], numbers[0]]
  for (const value of numbers) {
    if (value < min) min = value
    if (value > max) max = value
  }
  return [min, max]
}

/** Pearson's correlation; undefined for fewer than three points or where one side never varies. */
export function correlation(points: readonly Point[]): number | undefined {
  if (points.length < 3) return undefined
  const meanX = mean(points.map(([x]) => x))!
  const meanY = mean(points.map(([, y]) => y))!
  let [xx, yy, xy] = [0, 0, 0]
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2
    yy += (y - meanY) ** 2
    xy += (x - meanX) * (y - meanY)
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : undefined
}

/** Share of the points whose x and y have the same sign; points with a 0 do not vote. */
export function signAgreement(points: readonly Point[]): { share: number; count: number } | undefined {
  const voting = points.filter(([x, y]) => x !== 0 && y !== 0)
  if (voting.length === 0) return undefined
  return { share: voting.filter(([x, y]) => x > 0 === y > 0).length / voting.length, count: voting.length }
}

/** Slope of the least-squares line through the origin, sum xy / sum x^2. */
export function slopeThroughOrigin(points: readonly Point[]): number | undefined {
  const xx = points.reduce((sum, [x]) => sum + x * x, 0)
  return xx > 0 ? points.reduce((sum, [x, y]) => sum + x * y, 0) / xx : undefined
}
