/**
 * One distribution over the vocabulary, seen through the few sums that the entropy theory needs.
 *
 * The policy is p = softmax(u), u = z/T, with T the temperature it is sampled at. All is in float64 and in two passes:
 * the first finds log Z and the mean of u under p, the second sums deviations from that mean, so that no sum is a small
 * difference of large ones. Arrays over the vocabulary have length V; entropies and log-probabilities are in nats.
 */

export interface SoftmaxOptions {
  /** T > 0 of the policy softmax(z/T); default 1. */
  temperature?: number
}

export interface Moments {
  /** log sum_i exp(z_i / T). */
  logZ: number
  /** H = -sum_i p_i log p_i, 0 to log V. */
  entropy: number
  /** sum_i p_i^2, 1/V to 1. */
  sumP2: number
  /** sum_i p_i^2 log p_i, never positive. */
  sumP2LogP: number
  /** E_p[S] = sum_i p_i S_i = H sum p^2 + sum p^2 log p = Cov_p(p, log p), never negative. */
  expectedS: number
  /** sum_i S_i^2, the squared length of the entropy's gradient with respect to u. */
  sumS2: number
}

export interface Scores extends Moments {
  /** log p_i; -Infinity where the logit is. */
  logprobs: Float64Array
  /** S_i = p_i (H + log p_i) = -dH/du_i; they sum to 0. */
  S: Float64Array
  /** Sc_i = S_i - E_p[S]; sum_i p_i Sc_i = 0. */
  centredS: Float64Array
}

/**
 * H, log Z, sum p^2, sum p^2 log p, E_p[S] and sum S^2 of softmax(logits / temperature).
 *
 * With `m = max u`, `x = u - m`, `a = sum e^x`, `b = sum e^x x`: `logZ = m + log a`, `H = log a - b/a`,
 * `S_i = p_i (x_i - b/a)` (paper: Theorem 3.2). The tail of a is summed without the maximum and log a is a log1p, so a
 * nearly one-hot distribution keeps its digits. Logits of -Infinity have probability 0 and contribute nothing.
 *
 * @param logits z, of length V.
 * @throws {RangeError} for no logits, a logit that is NaN or Infinity, all logits -Infinity, or a temperature that is
 *   not a positive finite number.
 */
export function moments(logits: ArrayLike<number>, options: SoftmaxOptions = {}): Moments {
  return sums(softmax(logits, options))
}

/**
 * The scores of every vocabulary entry, with the moments: `S_i = p_i (H + log p_i)` and `Sc_i = S_i - E_p[S]`
 * (paper: Theorems 3.2 and 3.3).
 *
 * For the most likely token both terms of Sc nearly cancel when the distribution is nearly one-hot; its Sc is therefore
 * summed from deviations, `sum_j p_j (S - S_j)`, none of which is negative.
 *
 * @throws {RangeError} as {@link moments}.
 */
export function scores(logits: ArrayLike<number>, options: SoftmaxOptions = {}): Scores {
  const distribution = softmax(logits, options)
  const { x, p, logA, meanX, top } = distribution
  const result = sums(distribution)
  const logprobs = x.map((value) => value - logA)
  const S = x.map((value, i) => (p[i] === 0 ? 0 : p[i] * (value - meanX)))
  let topCentredS = 0
  for (let i = 0; i < S.length; i++) if (p[i] !== 0) topCentredS += p[i] * (S[top] - S[i])
  // Tokens as likely as the most likely one have its scores.
  const centredS = S.map((value, i) => (x[i] === 0 ? topCentredS : value - result.expectedS))
  return { ...result, logprobs, S, centredS }
}

export interface TokenScore {
  /** log p_k. */
  logprob: number
  /** S* = p_k (H + log p_k). */
  S: number
  /** Sc = S* - E_p[S]. */
  centredS: number
  /** E_p[S]. */
  expectedS: number
  /** H. */
  entropy: number
}

/**
 * What the clips need of one sampled token: `S* = p_k (H + log p_k)` and `Sc = S* - E_p[S]` under
 * softmax(logits / temperature).
 *
 * @throws {RangeError} as {@link moments}, and for a token outside the vocabulary.
 */
export function scoreToken(logits: ArrayLike<number>, token: number, options: SoftmaxOptions = {}): TokenScore {
  if (!Number.isInteger(token) || token < 0 || token >= logits.length) {
    throw new RangeError(`token ${token} lies outside the vocabulary of ${logits.length}`)
  }
  const { logprobs, S, centredS, expectedS, entropy } = scores(logits, options)
  return { logprob: logprobs[token], S: S[token], centredS: centredS[token], expectedS, entropy }
}

/** @throws {RangeError} for what cannot be a T. */
export function checkTemperature(temperature: number): void {
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`temperature is ${temperature}: it must be a positive finite number`)
  }
}

interface Distribution {
  /** u - max u. */
  x: Float64Array
  p: Float64Array
  logZ: number
  /** log sum e^x, so that log p = x - logA. */
  logA: number
  /** sum p x, so that H = logA - meanX. */
  meanX: number
  /** Index of the largest logit. */
  top: number
}

/** The first pass. */
function softmax(logits: ArrayLike<number>, { temperature = 1 }: SoftmaxOptions): Distribution {
  checkTemperature(temperature)
  if (logits.length === 0) throw new RangeError('no logits: a distribution needs at least one')
  let top = 0
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i]) || logits[i] === Number.POSITIVE_INFINITY) {
      throw new RangeError(`logit ${i} is ${logits[i]}`)
    }
    if (logits[i] > logits[top]) top = i
  }
  if (logits[top] === Number.NEGATIVE_INFINITY) throw new RangeError('all logits are -Infinity')
  const x = Float64Array.from(logits, (z) => (z - logits[top]) / temperature)
  const expX = x.map(Math.exp)
  let tail = 0
  let b = 0
  for (let i = 0; i < x.length; i++) {
    // Where e^x = 0 its product with x = -Infinity would not be a number.
    if (i === top || expX[i] === 0) continue
    tail += expX[i]
    b += expX[i] * x[i]
  }
  const a = 1 + tail
  const logA = Math.log1p(tail)
  const p = expX.map((value) => value / a)
  return { x, p, logZ: logits[top] / temperature + logA, logA, meanX: b / a, top }
}

/** The second pass. */
function sums({ x, p, logZ, logA, meanX }: Distribution): Moments {
  let sumP2 = 0
  let sumP2LogP = 0
  let expectedS = 0
  let sumS2 = 0
  // sum p_i S_i = sum (p_i - c) S_i for any c, as sum S_i = 0; this c leaves no cancellation where p is nearly flat.
  const flat = 1 / p.length
  for (let i = 0; i < p.length; i++) {
    if (p[i] === 0) continue
    const S = p[i] * (x[i] - meanX)
    sumP2 += p[i] * p[i]
    sumP2LogP += p[i] * p[i] * (x[i] - logA)
    expectedS += (p[i] - flat) * S
    sumS2 += S * S
  }
  // A covariance of p with log p, which is never negative, may round below 0.
  return { logZ, entropy: logA - meanX, sumP2, sumP2LogP, expectedS: Math.max(0, expectedS), sumS2 }
}
