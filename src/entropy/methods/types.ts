/**
 * One interface for every method: the statistics of an optimizer step's whole batch go in, and masks, weights or terms
 * of the objective come out. A method never sees micro-batches, so none can depend on their size, and it never touches
 * `isPolicyToken`, which fixes the loss's denominators.
 */
import type { ClipTokens } from '../clip.js'
import type { FloatArray } from '../statistics.js'

/** One entry per token of the optimizer step's batch. Values at non-policy tokens are never looked at. */
export interface MethodTokens extends ClipTokens {
  /** H of the token's distribution, nats. */
  entropy: FloatArray
  /** log p of the sampled token under the policy that the step starts from, nats. */
  logprob: FloatArray
  /** log p under the policy that sampled it, the sampler's own. */
  rolloutLogprob: FloatArray
  /** H under the policy that sampled it, nats. Only methods that compare the two entropies need it. */
  rolloutEntropy?: FloatArray
  /** First token of each completion, ascending. */
  starts: readonly number[]
}

/** Keys the random draws of a step: the same batch at the same place draws the same. */
export interface DrawKey {
  seed: number
  step: number
  /** Number of optimizer steps made on the batch of rollouts before. */
  update: number
}

/** Where a batch of rollouts is in the run, and what a controller sees of it. */
export interface ControllerView {
  /** Mean H of the rollouts over their policy tokens, nats. */
  entropy: number
  /** The training step, from 1. */
  step: number
  /** Number of steps of the run (`train.steps`). */
  steps: number
}

/** What a method makes of the batch; what is absent it leaves alone. One entry per token. */
export interface MethodEffect {
  /** 1 = gradient flows; 0 at masked tokens and at every non-policy token. */
  mask?: Uint8Array
  /** Masked tokens below and above the bounds of a score. */
  maskedLow?: number
  maskedHigh?: number
  /** Multiplies A in the objective; never negative. */
  weight?: Float64Array
  /** The importance ratio, in place of the token's own. */
  ratio?: Float64Array
  /** Coefficient of a KL term to the policy that sampled. */
  rolloutKlCoef?: Float64Array
}

/** @throws {RangeError} naming the first array that has another length, or the first value that is not finite. */
export function requireFinite(isPolicyToken: Uint8Array, arrays: Readonly<Record<string, FloatArray>>): void {
  for (const [name, values] of Object.entries(arrays)) {
    if (values.length !== isPolicyToken.length) {
      throw new RangeError(`${name} has ${values.length} entries, isPolicyToken ${isPolicyToken.length}`)
    }
    for (let t = 0; t < values.length; t++) {
      if (isPolicyToken[t] && !Number.isFinite(values[t])) {
        throw new RangeError(`${name} of token ${t} is ${values[t]}: the statistics of a policy token must be finite`)
      }
    }
  }
}

/** The mask that lets every policy token's gradient through. */
export const openMask = (isPolicyToken: Uint8Array): Uint8Array => isPolicyToken.map((flag) => (flag ? 1 : 0))

/** The `count` tokens of `candidates` (ascending) with the largest `score`, ties to the lower index. */
export function largest(candidates: readonly number[], score: (token: number) => number, count: number): number[] {
  return [...candidates].sort((a, b) => score(b) - score(a) || a - b).slice(0, count)
}

/** Indices of the policy tokens, ascending. */
export const policyTokens = (isPolicyToken: Uint8Array): number[] =>
  Array.from(isPolicyToken.keys()).filter((t) => isPolicyToken[t])

/** exp of the mean over each completion's policy tokens of `logOf`, at every token of the completion; 1 where none is a policy token. */
export function geometricMeans(
  { isPolicyToken, starts }: Pick<MethodTokens, 'isPolicyToken' | 'starts'>,
  logOf: (token: number) => number,
): Float64Array {
  const means = new Float64Array(isPolicyToken.length).fill(1)
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? isPolicyToken.length
    let sum = 0
    let count = 0
    for (let t = start; t < end; t++) {
      if (!isPolicyToken[t]) continue
      sum += logOf(t)
      count++
    }
    if (count > 0) means.fill(Math.exp(sum / count), start, end)
  })
  return means
}
