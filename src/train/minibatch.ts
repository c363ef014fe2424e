/**
 * The completions of one optimizer step, with all that is known of their tokens before any of them is trained on: the
 * statistics per item and flat over all tokens, and each token's weight in the objective. Nothing here changes later.
 */
import type { TokenStatistics } from '../rollout/types.js'
import { type Aggregation, tokenWeights } from './aggregation.js'
import type { TrainCompletion, TrainGroup } from './backend.js'
import { type FlatTokens, flatten, type TrainItem } from './batch.js'
import type { EntropyControl } from './entropy-control.js'
import type { NotFinite, TokenPlace } from './non-finite.js'
import type { PromptGroups } from './prompt-groups.js'

export interface Weighting {
  aggregation: Aggregation
  /** Divides under `constant`. */
  constantLength: number
}

export class Minibatch {
  readonly items: readonly TrainItem[]
  readonly groups: PromptGroups
  /** Per item, of the policy that the step starts from (or of the one that sampled, where the recipe says so). */
  readonly statistics: readonly TokenStatistics[]
  /** The same over all items' tokens, one after the other. */
  readonly tokens: FlatTokens
  /** Every token's weight in the objective, in the order of `tokens`; 0 where it is not the policy's. */
  readonly weight: Float64Array
  /** The number of tokens that are the policy's. */
  readonly policyTokens: number

  constructor(
    items: readonly TrainItem[],
    groups: PromptGroups,
    statistics: readonly TokenStatistics[],
    { aggregation, constantLength }: Weighting,
  ) {
    this.items = items
    this.groups = groups
    this.statistics = statistics
    this.tokens = flatten(items, statistics)
    const lengths = items.map(({ completion, counts }) => (counts ? completion.tokens.length : 0))
    this.policyTokens = lengths.reduce((sum, length) => sum + length, 0)
    this.weight = new Float64Array(this.tokens.S.length)
    const weights = tokenWeights(lengths, aggregation, constantLength)
    items.forEach((_, i) => {
      this.weight.fill(weights[i], this.start(i), this.end(i))
    })
  }

  /** Place of item `i`'s first token among all. */
  start(i: number): number {
    return this.tokens.starts[i]
  }

  end(i: number): number {
    return this.start(i) + this.items[i].completion.tokens.length
  }

  /** Calls back for every token that is the policy's: its item's index, its position there, its place among all. */
  eachPolicyToken(visit: (item: number, position: number, place: number) => void): void {
    this.items.forEach(({ counts }, i) => {
      if (!counts) return
      for (let at = this.start(i); at < this.end(i); at++) visit(i, at - this.start(i), at)
    })
  }

  /**
   * The policy tokens that nothing can be computed from: their advantage, or what the policy says of them, is not finite.
   * Undefined where there are none.
   */
  notFinite(): NotFinite | undefined {
    const { advantage, logprob, rolloutLogprob, entropy, S, expectedS, sumS2 } = this.tokens
    const tokens = (values: readonly Float64Array[]) => {
      const places: TokenPlace[] = []
      this.eachPolicyToken((i, position, at) => {
        if (values.every((each) => Number.isFinite(each[at]))) return
        places.push({ group: this.items[i].group, completion: this.items[i].completion.sample, position })
      })
      return places
    }
    for (const [what, values] of [
      ['advantage', [advantage]],
      ['loss', [logprob, rolloutLogprob]],
      ['entropy statistics', [entropy, S, expectedS, sumS2]],
    ] as const) {
      const found = tokens(values)
      if (found.length > 0) return { what, tokens: found }
    }
    return undefined
  }

  /** What the backend gets: the control's weights and the sampler's correction are folded into the advantages. */
  trainGroups(control: EntropyControl): TrainGroup[] {
    return this.groups.map((item, i) => this.#toTrain(item, i, control))
  }

  #toTrain(
    { completion, advantage, importance, referenceLogprob }: TrainItem,
    i: number,
    { mask, tokenWeight, ratio, rolloutKlCoef }: EntropyControl,
  ): TrainCompletion {
    const { tokens, logprob } = completion
    const at = this.start(i)
    const own = (values: Float64Array) => Float32Array.from(values.subarray(at, this.end(i)))
    return {
      tokens,
      rolloutLogprob: logprob,
      referenceLogprob,
      advantage:
        tokenWeight || importance
          ? advantage.map((value, t) => value * (tokenWeight?.[at + t] ?? 1) * (importance?.[t] ?? 1))
          : advantage,
      ratio: ratio && own(ratio),
      rolloutKlCoef: rolloutKlCoef && own(rolloutKlCoef),
      gradMask: mask.slice(at, this.end(i)),
      weight: own(this.weight),
    }
  }
}
