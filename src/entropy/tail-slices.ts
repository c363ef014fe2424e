/**
 * Bounds of a product of two of a tail's sums, where neither extreme tail decides.
 *
 * The sums h = -sum q log q, a = sum q^2 and b = sum q^2 log q of a tail (R tokens of total mass m, none above the cap)
 * are tied to one another. With x = m/R, the uniform share:
 *
 * - `h >= m log(m/a)` and `-b <= a log(m/a)`: Jensen, with weights q, for -log q and for q log q.
 * - `-b >= a log(1/cap)`, as q <= cap.
 * - `h <= h_U - kappa (a - a_U)`, with h_U and a_U those of the uniform tail and
 *   `kappa = (cap log(cap/x) - cap + x) / (cap - x)^2`. For g(q) = -q log q + kappa q^2 is concave and then convex, and
 *   this kappa is the one at which g's tangent at x meets g(cap): the tangent lies above g on all of [0, cap], and
 *   summing it over the tokens gives `h + kappa a <= h_U + kappa a_U`. kappa is half a mean of 1/s over [x, cap] and
 *   so falls as x grows: the largest mass gives one that holds for all.
 *
 * So the range of a is cut into slices, in each of which h, a and b lie in narrow intervals.
 */
import { add, type Interval, multiply, subtract } from './interval.js'
import { concentratedTail, type Tail, uniformTail } from './tail.js'

const slices = 32

/** Range of (knownH + h)(factor - a) - b over all tails. */
export function sliceTails(tail: Tail, knownH: Interval, factor: Interval): Interval {
  const { mass, cap, count } = tail
  const flat = uniformTail(tail)
  const steep = concentratedTail(tail)
  const least = flat.a[0]
  const most = steep.a[1]
  const x = mass[1] / count
  // kappa in units of 1/cap, whose square may underflow. Near x = cap the quotient loses its digits; 1/2 is its limit and
  // below it everywhere.
  const t = x / cap
  const bend = t < 0.999 ? (t - 1 - Math.log(t)) / (1 - t) ** 2 : 0
  const kappa = Math.max(1 / 2, bend * (1 - 1e-9)) / cap
  const highestH = (a: number) => (a <= flat.a[1] ? flat.h[1] : flat.h[1] + kappa * (flat.a[1] - a))
  const lowestH = (a: number) => Math.max(steep.h[0], mass[0] > a ? mass[0] * Math.log(mass[0] / a) : 0)
  // a log(m/a) turns at m/e
  const highestMinusB = ([a1, a2]: Interval) => {
    const a = Math.min(Math.max(a1, mass[1] / Math.E), a2)
    return a === 0 ? 0 : a * Math.log(mass[1] / a)
  }
  const edges = [least, most]
  for (let i = 1; i < slices; i++) {
    const share = i / slices
    edges.push(least + share * (most - least))
    if (least > 0) edges.push(least * (most / least) ** share)
  }
  edges.sort((a, b) => a - b)
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let i = 1; i < edges.length; i++) {
    const a: Interval = [edges[i - 1], edges[i]]
    const h: Interval = [lowestH(a[1]), highestH(a[0])]
    const minusB: Interval = [-a[0] * Math.log(cap), highestMinusB(a)]
    const range = add(multiply(add(knownH, h), subtract(factor, a)), minusB)
    low = Math.min(low, range[0])
    high = Math.max(high, range[1])
  }
  return [low, high]
}
