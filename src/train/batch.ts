/** The tokens of one optimizer step as flat arrays, the form in which the entropy methods see them. */
import type { Completion, TokenStatistics } from '../rollout/types.js'

/** A completion with everything that training knows of it. */
export interface TrainItem {
  /** Index of its group in the step. */
  readonly group: number
  readonly prompt: Int32Array
  readonly completion: Completion
  /** A of every completion token. */
  readonly advantage: Float32Array
  /** False: truncated and masked, none of its tokens is the policy's. */
  readonly counts: boolean
  /** Multiplies A in the objective, where the completion is not of the backend's policy; one entry per token. */
  readonly importance?: Float32Array
  readonly referenceLogprob?: Float32Array
}

export interface FlatTokens {
  S: Float64Array
  expectedS: Float64Array
  advantage: Float64Array
  isPolicyToken: Uint8Array
  sumS2: Float64Array
  /** H, nats. */
  entropy: Float64Array
  /** log p under the policy that the statistics are of. */
  logprob: Float64Array
  /** log p under the policy that sampled. */
  rolloutLogprob: Float64Array
  /** H under the policy that sampled, nats. */
  rolloutEntropy: Float64Array
  /** First token of each item. */
  starts: number[]
}

/** Concatenates the items' tokens, with the statistics given per item. */
export function flatten(items: readonly TrainItem[], statistics: readonly TokenStatistics[]): FlatTokens {
  const starts: number[] = []
  let length = 0
  for (const { completion } of items) {
    starts.push(length)
    length += completion.tokens.length
  }
  const flat: FlatTokens = {
    S: new Float64Array(length),
    expectedS: new Float64Array(length),
    advantage: new Float64Array(length),
    isPolicyToken: new Uint8Array(length),
    sumS2: new Float64Array(length),
    entropy: new Float64Array(length),
    logprob: new Float64Array(length),
    rolloutLogprob: new Float64Array(length),
    rolloutEntropy: new Float64Array(length),
    starts,
  }
  items.forEach((item, i) => {
    const at = starts[i]
    flat.S.set(statistics[i].S, at)
    flat.expectedS.set(statistics[i].expectedS, at)
    flat.sumS2.set(statistics[i].sumS2, at)
    flat.entropy.set(statistics[i].entropy, at)
    flat.logprob.set(statistics[i].logprob, at)
    flat.rolloutLogprob.set(item.completion.logprob, at)
    flat.rolloutEntropy.set(item.completion.entropy, at)
    flat.advantage.set(item.advantage, at)
    const end = at + item.completion.tokens.length
    flat.isPolicyToken.fill(item.counts ? 1 : 0, at, end)
  })
  return flat
}

/** Mean of H over the policy tokens, in nats; not a number where there is none. */
export function meanEntropy(items: readonly TrainItem[]): number {
  let sum = 0
  let count = 0
  for (const { completion, counts } of items) {
    if (!counts) continue
    for (const H of completion.entropy) sum += H
    count += completion.entropy.length
  }
  return sum / count
}
