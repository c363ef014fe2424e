/**
 * What n graded samples of each problem say about a policy. A problem has n samples of which c are right; figures of a
 * data set are means over its problems. All are expectations over which samples were drawn, computed without drawing.
 */

/** One problem's outcome: `correct` of `samples` completions are right. */
export interface Outcome {
  samples: number
  correct: number
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

function check({ samples, correct }: Outcome): void {
  if (!Number.isSafeInteger(samples) || samples < 1) throw new RangeError(`a problem needs samples, not ${samples}`)
  if (!Number.isSafeInteger(correct) || correct < 0 || correct > samples) {
    throw new RangeError(`${correct} right ones of ${samples} samples`)
  }
}

function checkK(k: number, samples: number): void {
  if (!Number.isSafeInteger(k) || k < 1 || k > samples) {
    throw new RangeError(`K is a whole number from 1 to the ${samples} samples of a problem, not ${k}`)
  }
}

/** Avg@K of one problem: c / n, its pass rate. The K of the name is n. */
export function avgAtK(outcome: Outcome): number {
  check(outcome)
  return outcome.correct / outcome.samples
}

/**
 * Pass@K of one problem: 1 - C(n-c, K) / C(n, K), the chance that K of the n samples hold a right one; unbiased for
 * 1 - (1-p)^K (Chen et al. 2021, arXiv 2107.03374, equation 1). The quotient is a product of min(c, K) factors in
 * (0, 1], so that no binomial is computed and nothing overflows.
 * @throws RangeError where K is above n: no unbiased estimate exists.
 */
export function passAtK(outcome: Outcome, k: number): number {
  check(outcome)
  const { samples: n, correct: c } = outcome
  checkK(k, n)
  if (n - c < k) return 1
  // C(n-c, K) / C(n, K) is symmetric in c and K; the shorter of both products is taken.
  const [factors, other] = c < k ? [c, k] : [k, c]
  let allWrong = 1
  for (let i = 0; i < factors; i++) allWrong *= (n - other - i) / (n - i)
  return 1 - allWrong
}

/** K = 1, 2, 4 ... and n itself: the K that a Pass@K curve shows. */
export function powersUpTo(n: number): number[] {
  const powers: number[] = []
  for (let k = 1; k < n; k *= 2) powers.push(k)
  return [...powers, n]
}

/** How many problems have a pass rate in each of `bins` equal parts of [0, 1] (the last holds 1), and at the very ends. */
export interface PassRateHistogram {
  /** Edges of the parts, bins + 1 of them. */
  edges: number[]
  counts: number[]
  /** Problems with no right sample, and with no wrong one: groups without a learning signal. */
  none: number
  all: number
}

export function passRateHistogram(outcomes: readonly Outcome[], bins = 10): PassRateHistogram {
  if (!Number.isSafeInteger(bins) || bins < 1) throw new RangeError(`a histogram of ${bins} bins`)
  const counts = new Array<number>(bins).fill(0)
  let none = 0
  let all = 0
  for (const outcome of outcomes) {
    check(outcome)
    const { samples, correct } = outcome
    // Whole numbers as long as possible: 3 of 10 belongs to [0.3, 0.4), which 0.3 * 10 need not say.
    counts[Math.min(bins - 1, Math.floor((correct * bins) / samples))]!++
    if (correct === 0) none++
    if (correct === samples) all++
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => i / bins), counts, none, all }
}
