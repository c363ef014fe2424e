/**
 * The groups of one step's batch. With dynamic sampling (DAPO, arXiv 2503.14476, section 3.2) a group without a signal
 * (signal.ts) makes room for one of a further prompt, for a bounded number of rounds; where these are used up, the first
 * such groups fill the batch. What was sampled and not trained on is accounted for.
 *
 * Further prompts come from the same stream and their draws are keyed by their number within the step, so that what is
 * sampled is a function of the seed and the step's start alone: a resumed run samples the same.
 */

import type { RolloutStatistics } from '../rollout/types.js'
import type { StepMetrics } from './events.js'
import type { Graded } from './graded.js'
import type { LoopOptions } from './options.js'
import { hasSignal, type SignalRule } from './signal.js'

interface Prompt {
  tokens: Int32Array
}

/** One round: prompts with their graded completions, whose `prompt` counts from 0 within the round. */
export interface SampledRound {
  prompts: readonly Prompt[]
  graded: readonly Graded[]
  statistics: RolloutStatistics
}

/** What is trained on; `prompt` of the completions counts from 0 within it. */
export interface StepBatch {
  prompts: Prompt[]
  graded: Graded[]
  /** Of everything sampled. */
  statistics: RolloutStatistics
  metrics: Partial<StepMetrics>
}

interface Group {
  prompt: Prompt
  graded: Graded[]
  signal: boolean
}

export class BatchCollector {
  readonly #size: number
  readonly #maxTries: number | undefined
  readonly #rule: SignalRule
  readonly #groups: Group[] = []
  readonly #statistics: RolloutStatistics[] = []

  constructor({
    promptsPerStep,
    dynamicSampling,
    signal = 'task',
  }: Pick<LoopOptions['rollout'], 'promptsPerStep' | 'dynamicSampling'> & { signal?: SignalRule }) {
    this.#size = promptsPerStep
    this.#rule = signal
    this.#maxTries = dynamicSampling?.maxTries
  }

  /** Prompts of the next round; 0 where the batch is complete. */
  get wanted(): number {
    const rounds = this.#statistics.length
    if (rounds === 0) return this.#size
    return rounds <= (this.#maxTries ?? 0) ? this.#size - this.#withSignal() : 0
  }

  /** Prompts sampled so far: the first key of the next round's draws. */
  get sampled(): number {
    return this.#groups.length
  }

  add({ prompts, graded, statistics }: SampledRound): void {
    this.#statistics.push(statistics)
    const groups = prompts.map((prompt): Group => ({ prompt, graded: [], signal: false }))
    for (const completion of graded) groups[completion.completion.prompt]!.graded.push(completion)
    for (const group of groups) group.signal = hasSignal(group.graded, this.#rule)
    this.#groups.push(...groups)
  }

  /** The groups with a signal, filled up with the first ones without, in the order in which they were sampled. */
  batch(): StepBatch {
    let room = this.#size - this.#withSignal()
    const chosen = this.#groups.filter(({ signal }) => signal || room-- > 0)
    return {
      prompts: chosen.map(({ prompt }) => prompt),
      graded: chosen.flatMap(({ graded }, prompt) =>
        graded.map((entry) => ({ ...entry, completion: { ...entry.completion, prompt } })),
      ),
      statistics: total(this.#statistics),
      metrics: this.#maxTries === undefined ? {} : this.#metrics(chosen),
    }
  }

  #withSignal(): number {
    return this.#groups.filter(({ signal }) => signal).length
  }

  #metrics(chosen: readonly Group[]): Partial<StepMetrics> {
    const all = this.#groups.flatMap(({ graded }) => graded)
    const tokens = all.reduce((sum, { completion }) => sum + completion.tokens.length, 0)
    const trained = chosen.flatMap(({ graded }) => graded)
    return {
      resample_tries: this.#statistics.length - 1,
      sampled_prompts: this.#groups.length,
      sampled_tokens: tokens,
      sampled_tokens_discarded: tokens - trained.reduce((sum, { completion }) => sum + completion.tokens.length, 0),
      sampled_reward_mean: all.reduce((sum, { reward }) => sum + reward, 0) / all.length,
      sampled_zero_signal_fraction: 1 - this.#withSignal() / this.#groups.length,
    }
  }
}

function total(rounds: readonly RolloutStatistics[]): RolloutStatistics {
  const sum = (of: (round: RolloutStatistics) => number) => rounds.reduce((all, round) => all + of(round), 0)
  const completionTokens = sum((round) => round.completionTokens)
  const cut = sum(({ truncatedMass = 0, completionTokens: tokens }) => truncatedMass * tokens)
  return {
    promptTokens: sum(({ promptTokens }) => promptTokens),
    completionTokens,
    seconds: sum(({ seconds }) => seconds),
    ...(rounds.some(({ edgeDraws }) => edgeDraws !== undefined)
      ? { edgeDraws: sum(({ edgeDraws = 0 }) => edgeDraws) }
      : {}),
    ...(rounds.some(({ truncatedMass }) => truncatedMass !== undefined)
      ? { truncatedMass: cut / completionTokens }
      : {}),
  }
}
