/**
 * What top-k log-probabilities say about a whole distribution: intervals that hold its entropy and scores.
 *
 * A server returns the k most likely tokens, and the sampled token where it is not among them. The other R tokens are
 * unknown but for two facts: they share the missing mass, and none is more likely than the k-th. Everything that these
 * facts allow is one set of tails (tail.ts), and each quantity is bounded over that set. Entropy's interval is exact.
 *
 * Sc = H (p - sum p^2) + p log p - sum p^2 log p is bounded jointly. With h = -sum q log q, a = sum q^2 and
 * b = sum q^2 log q of the tail, F(q) = (H_K + h)(p - A_K - a) - b has the derivative
 *     phi(q_j) = -D (log q_j + 1) - 2 q_j H - 2 q_j log q_j - q_j,    D = p - sum p^2,
 *     q phi'(q) = -(D + u(q)),    u(q) = q (2 H + 3 + 2 log q),
 * where u falls from 0 to -2 e^-(H + 2.5) and rises from there. By the Schur-Ostrowski criterion F is Schur-concave where
 * D >= -min u, and Schur-convex where D <= -max u, for all H and D that the tail allows: then the uniform and the most
 * concentrated tail are its extremes, and the interval is as tight as the facts permit. Between the two (D near 0, a
 * token whose p is close to sum p^2) what ties h, a and b to one another bounds F (tail-slices.ts).
 */
import { add, exactly, type Interval, intersect, multiply, scale, subtract, widen } from './interval.js'
import { concentratedTail, type Tail, uniformTail } from './tail.js'
import { sliceTails } from './tail-slices.js'

export interface TopK {
  /** Log-probabilities, in nats, of the k most likely tokens, in any order; the sampled one too if it is among them. */
  topLogprobs: ArrayLike<number>
  /** log p of the sampled token; absent where all that is known is that it is none of topLogprobs. */
  logprob?: number
  /**
   * Whether the sampled token is one of topLogprobs. Default: whether its value occurs there, which is safe: a token
   * outside that ties with one inside is then counted among the unknown ones.
   */
  sampledInTop?: boolean
  /**
   * Whether topLogprobs may hold the sampled token as an extra, less likely than the k-th (vLLM appends it so). It then
   * says nothing about the unknown tokens where it is the least likely one listed. Default false.
   */
  sampledMayBeExtra?: boolean
  /** False where the list may lack likelier tokens than its last: nothing then caps the unknown ones. Default true. */
  endIsCap?: boolean
}

export interface TopKOptions {
  /** V, all tokens the softmax runs over; padded ids count. */
  vocabSize: number
  /**
   * Largest error of a log-probability, in nats. Default: 2^-22 (1 + |log p|), four units in the last place of a
   * log-softmax in float32. 0 for values computed in float64, whose own rounding is always allowed for.
   */
  logprobError?: number
}

export interface TopKBounds {
  /** H, nats. */
  entropy: Interval
  /** S* of the sampled token. */
  S: Interval
  /** E_p[S]. */
  expectedS: Interval
  /** Sc = S* - E_p[S], bounded jointly: narrower than the difference of the two above. */
  centredS: Interval
  /** The probability that the unknown tokens share. */
  missingMass: Interval
}

/**
 * Intervals for H, S*, E_p[S] and Sc of a distribution of which the top-k log-probabilities are known.
 *
 * With m the missing mass, R the unknown tokens, p_k the k-th probability, n = floor(m / p_k), rho = m - n p_k:
 * `H - H_known` lies in `[n p_k log(1/p_k) + rho log(1/rho), m log(R/m)]`. k = V gives the values themselves.
 *
 * The distribution is the one that the log-probabilities are of: softmax(z/T) with the server's T, or a truncated one
 * where the server truncates before it reports.
 *
 * @throws {RangeError} for more than V log-probabilities, one that is NaN or above 0 by more than its error, or values
 *   that no distribution over V tokens has: a sum above 1, a sampled token outside the list above its end, or more
 *   missing mass than R tokens below p_k can hold (V too small, or entries missing).
 */
export function boundsFromTopK(known: TopK, options: TopKOptions): TopKBounds {
  const { sampled, mass, cap, all } = readKnown(known, options)
  const tail: Tail = { count: options.vocabSize - all.length, mass, cap }
  const sums = all.reduce(
    (total, { p, h }) => ({
      H: add(total.H, h),
      A: add(total.A, multiply(p, p)),
      B: subtract(total.B, multiply(p, h)),
    }),
    { H: exactly(0), A: exactly(0), B: exactly(0) },
  )
  const flat = uniformTail(tail)
  const steep = concentratedTail(tail)
  const entropy: Interval = [Math.max(0, sums.H[0] + steep.h[0]), sums.H[1] + flat.h[1]]
  const S = sampled ? subtract(multiply(sampled.p, entropy), sampled.h) : scoreOfUnknown(cap, entropy)

  /** Range of H (factor - sum p^2) - sum p^2 log p. */
  const joint = (factor: Interval): Interval => {
    const at = (end: typeof flat): Interval =>
      subtract(multiply(add(sums.H, end.h), subtract(subtract(factor, sums.A), end.a)), add(sums.B, end.b))
    const D = subtract(subtract(factor, sums.A), [flat.a[0], steep.a[1]])
    const isPoint = tail.count <= 1 || mass[1] === 0
    if (isPoint || D[0] >= -lowestU(tail.cap, entropy[0])) return [at(steep)[0], at(flat)[1]]
    if (D[1] <= -highestU(tail.cap, entropy[1])) return [at(flat)[0], at(steep)[1]]
    return subtract(sliceTails(tail, sums.H, subtract(factor, sums.A)), sums.B)
  }

  const expected = scale(joint(exactly(0)), -1)
  const expectedS: Interval = [Math.max(0, expected[0]), Math.max(0, expected[1])]
  const apart = subtract(S, expectedS)
  // E_p[S] >= 0, so that Sc never exceeds S*
  const centredS = sampled ? intersect(subtract(joint(sampled.p), sampled.h), apart) : apart
  // float64's own rounding in the few sums above
  const slack = (interval: Interval) => widen(interval, 1e-14 * (1 + Math.abs(interval[0]) + Math.abs(interval[1])))
  return {
    entropy: atLeastZero(slack(entropy)),
    S: slack(S),
    expectedS: atLeastZero(slack(expectedS)),
    centredS: slack(centredS),
    missingMass: mass,
  }
}

/** p (H + log p) over 0 <= p <= cap: least at p = e^-(H + 1), if that is allowed, and greatest at an end. */
function scoreOfUnknown(cap: number, [leastH, greatestH]: Interval): Interval {
  if (cap === 0) return exactly(0)
  const p = Math.min(cap, Math.exp(-(leastH + 1)))
  return [p * (leastH + Math.log(p)), Math.max(0, cap * (greatestH + Math.log(cap)))]
}

const atLeastZero = ([low, high]: Interval): Interval => [Math.max(0, low), high]

/** min over 0 < q <= cap of u(q) = q (2 H + 3 + 2 log q); it rises with H, so that the least H decides. */
function lowestU(cap: number, leastH: number): number {
  const q = Math.min(cap, Math.exp(-(leastH + 2.5)))
  return q * (2 * leastH + 3 + 2 * Math.log(q))
}

/** sup over 0 < q <= cap of the same: at 0 or at the cap. */
function highestU(cap: number, greatestH: number): number {
  return Math.max(0, cap * (2 * greatestH + 3 + 2 * Math.log(cap)))
}

interface KnownToken {
  p: Interval
  /** -p log p. */
  h: Interval
}

/** A log-probability within its error. In float64 a softmax over V tokens is a sum that rounds V times. */
function enclose(value: number, { vocabSize, logprobError }: TopKOptions): KnownToken {
  const ownError = (4 + vocabSize) * 2 ** -52
  const error = (logprobError ?? 2 ** -22 * (1 + Math.abs(value))) + ownError * (1 + Math.abs(value))
  // -Infinity, an impossible token, has an infinite error
  if (value === Number.NEGATIVE_INFINITY) return { p: exactly(0), h: exactly(0) }
  if (!(value <= error) || value === Number.POSITIVE_INFINITY)
    throw new RangeError(`a log-probability is ${value}: it must be a number, 0 at most`)
  const logP: Interval = [value - error, Math.min(0, value + error)]
  const p: Interval = [Math.exp(logP[0]), Math.exp(logP[1])]
  const ends = [-p[0] * logP[0], -p[1] * logP[1]]
  // -p log p turns at 1/e
  const turn = p[0] < 1 / Math.E && p[1] > 1 / Math.E ? 1 / Math.E : 0
  return { p, h: [Math.min(...ends), Math.max(...ends, turn)] }
}

function readKnown(known: TopK, options: TopKOptions) {
  const { vocabSize, logprobError } = options
  const { topLogprobs, logprob, sampledMayBeExtra = false, endIsCap = true } = known
  if (!Number.isInteger(vocabSize) || vocabSize < 1)
    throw new RangeError(`vocabSize is ${vocabSize}: it must be a whole number of tokens, 1 or more`)
  if (logprobError !== undefined && !(logprobError >= 0 && logprobError < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`logprobError is ${logprobError}: it must be a finite number of nats, 0 or more`)
  }
  const top = Array.from(topLogprobs, (value) => enclose(value, options))
  const sampled = logprob === undefined ? undefined : enclose(logprob, options)
  const sampledInTop = known.sampledInTop ?? (logprob !== undefined && Array.from(topLogprobs).includes(logprob))
  const all = sampledInTop || !sampled ? top : [...top, sampled]
  const others = vocabSize - all.length
  if (!sampled && others === 0)
    throw new RangeError('the sampled token is none of the listed ones, and there is no other')
  if (others < 0) throw new RangeError(`${all.length} tokens are listed, but the vocabulary has ${vocabSize}`)
  const sum = all.reduce((total, token) => add(total, token.p), exactly(0))
  // float64's own rounding of a sum of so many
  const rounding = all.length * 2 ** -52
  if (sum[0] > 1 + rounding) {
    throw new RangeError(
      `the listed probabilities sum to ${sum[0].toPrecision(6)} or more: they are not of one softmax`,
    )
  }
  const ranked = endIsCap ? top.map(({ p }) => p[1]).sort((a, b) => b - a) : []
  const least = ranked.at(-1) ?? 1
  if (sampled && !sampledInTop && sampled.p[0] > least) {
    throw new RangeError('the sampled token is not among the most likely ones, yet more likely than the last of them')
  }
  const isExtra = sampled && sampledInTop && sampledMayBeExtra && sampled.p[1] <= least
  const mass: [number, number] = [Math.max(0, 1 - sum[1] - rounding), Math.max(0, 1 - sum[0] + rounding)]
  const cap = Math.min(isExtra ? (ranked.at(-2) ?? 1) : least, mass[1])
  if (mass[0] > others * cap) {
    throw new RangeError(
      `a probability of ${mass[0].toPrecision(4)} is missing, and ${others} further tokens of at most ${cap.toPrecision(4)} cannot hold it`,
    )
  }
  mass[1] = Math.min(mass[1], others * cap)
  return { sampled, mass, cap, all }
}
