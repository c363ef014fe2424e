/**
 * The part of a distribution that a top-k list leaves out: R tokens with a total mass m, none above a cap.
 *
 * Every such tail q lies, in the order of majorization, between two extremes: the uniform one, m/R each, and the most
 * concentrated one, n = floor(m / cap) tokens at the cap, one with the rest rho = m - n cap, and zeros. A symmetric
 * function that is Schur-concave is largest at the first and smallest at the second; a Schur-convex one the reverse.
 * m itself is known to an interval, because log-probabilities are rounded.
 */
import { exactly, type Interval } from './interval.js'

export interface Tail {
  /** R, the number of tokens. */
  count: number
  mass: Interval
  /** No token has more; at most the mass. */
  cap: number
}

/** Ranges, over the mass's interval, of h = -sum q log q, a = sum q^2 and b = sum q^2 log q at one kind of tail. */
export interface TailMoments {
  h: Interval
  a: Interval
  b: Interval
}

const none: TailMoments = { h: exactly(0), a: exactly(0), b: exactly(0) }

const xLogX = (x: number): number => (x > 0 ? x * Math.log(x) : 0)

/** h = m log(R/m), a = m^2/R, b = m^2/R log(m/R). */
export function uniformTail({ count: R, mass }: Tail): TailMoments {
  if (R === 0 || mass[1] === 0) return none
  // h turns at m = R/e and b at m = R e^(-1/2); between such points all are monotone in m
  const masses = [...mass, ...[R / Math.E, R * Math.exp(-0.5)].filter((m) => m > mass[0] && m < mass[1])]
  return rangesOver(masses, (m) => ({ h: -R * xLogX(m / R), a: (m * m) / R, b: m * xLogX(m / R) }))
}

/** h = n c log(1/c) + rho log(1/rho), a = n c^2 + rho^2, b = n c^2 log c + rho^2 log rho, with c the cap. */
export function concentratedTail({ mass, cap, count }: Tail): TailMoments {
  if (count === 0 || mass[1] === 0) return none
  // With a cap below 1/e all are monotone in m. Above it, in pieces between the multiples of the cap and the two turns.
  const turns = [0, 1 / Math.E, Math.exp(-0.5)].filter((rho) => rho < cap)
  const masses: number[] = [...mass]
  for (let n = 0; cap >= 1 / Math.E && n * cap < mass[1]; n++) {
    masses.push(...turns.map((rho) => n * cap + rho).filter((m) => m > mass[0] && m < mass[1]))
  }
  return rangesOver(masses, (m) => {
    const n = Math.floor(m / cap)
    const rho = Math.max(0, m - n * cap)
    return {
      h: -n * xLogX(cap) - xLogX(rho),
      a: n * cap * cap + rho * rho,
      b: n * cap * xLogX(cap) + rho * xLogX(rho),
    }
  })
}

function rangesOver(masses: number[], momentsOf: (mass: number) => { h: number; a: number; b: number }): TailMoments {
  const all = masses.map(momentsOf)
  const range = (name: 'h' | 'a' | 'b'): Interval => {
    const values = all.map((moments) => moments[name])
    return [Math.min(...values), Math.max(...values)]
  }
  return { h: range('h'), a: range('a'), b: range('b') }
}
