/**
 * What n graded samples of each problem say about a policy. A problem has n samples of which c are right; figures of a
 * data set are means over its problems. All are expectations over which samples were drawn, computed without drawing.
 */

/** One problem's outcome: `correct` of `samples` completions are right. */
export interface Outcome {
  samples: number
  correct: number
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
