/**
 * A backend owns a policy and can sample from it, score it, update it and save it. The training loop sees nothing
 * else, so the same loop drives this machine's LibTorch in a worker thread and a service over the network.
 * All methods are asynchronous; one call is in flight at a time.
 */
import type { TextModel } from '../model/types.js'
import type { SampleFunction } from '../rollout/sampler-kind.js'
import type { Completion, SampledCompletion, TokenScores, TokenStatistics } from '../rollout/types.js'
import type { BackendCapabilities } from './capabilities.js'
import type { NotFinite } from './non-finite.js'
import type { ObjectiveOptions } from './objective.js'
import type { CriticBackend } from './ppo/critic.js'

/** A prompt with its completions: the prompt's tokens are computed once for all of them. */
export interface TrainGroup {
  prompt: Int32Array
  completions: TrainCompletion[]
}

/** Arrays hold one entry per completion token. */
export interface TrainCompletion {
  tokens: Int32Array
  /** log p under the policy that sampled it. */
  rolloutLogprob: Float32Array
  /** log p under the frozen reference, where a KL term needs it. */
  referenceLogprob?: Float32Array
  advantage: Float32Array
  /** r where it is known before the pass (a whole sequence's); absent: exp(log p - rolloutLogprob) of the pass. */
  ratio?: Float32Array
  /** Per-token coefficient of a KL term to the policy that sampled. */
  rolloutKlCoef?: Float32Array
  /** 1 = gradient flows; the denominators never depend on it. */
  gradMask: Uint8Array
  /** The token's share in the objective (aggregation), e.g. 1/N for a token mean; they need not sum to 1. */
  weight: Float32Array
}

export interface UpdateOptions {
  objective: ObjectiveOptions
  temperature: number
  lr: number
  weightDecay: number
  betas: [number, number]
  eps: number
  /** Largest global gradient norm; Infinity = no clipping. */
  gradClip: number
  /** Tokens of one micro-batch at most (prompts once per group); the result does not depend on it. */
  tokenBudget: number
  /** Keep layer inputs only and compute each layer once more in the backward pass; absent: keep everything. */
  activationCheckpointing?: boolean
  /** Whether the run's signal may end the update early, with the policy unchanged. */
  interruptible: boolean
  /** Compute every policy token, also those that nothing in the objective moves: their log-probabilities are wanted. */
  everyToken?: boolean
  /** Report each token's distribution too, where nothing reported it before. */
  distributions?: boolean
  /** Measure what the step does to the entropy of its tokens, see {@link LedgerReading}. The step itself is the same. */
  ledger?: boolean
}

export interface UpdateResult {
  /** The negative of what carries gradient, summed over the batch: of a masked token the entropy bonus alone. */
  loss: number
  gradNorm: number
  /** False where the step was stopped: a non-finite loss or gradient, or the run's signal. The policy is then unchanged. */
  applied: boolean
  /** True where the run's signal ended it early. */
  interrupted: boolean
  nonFinite?: NotFinite
  /** Per group and completion, in the order given. */
  tokens: TokenUpdate[][]
  /** Where UpdateOptions asks for it, the backend can, and the step was applied. */
  ledger?: LedgerReading
  seconds: number
  trainedTokens: number
}

/** What one optimizer step does to H, the mean entropy of its policy tokens; nats. */
export interface LedgerReading {
  entropyBefore: number
  entropyAfter: number
  /** <grad H, d theta> for the step really taken. */
  exact: number
  /** The shares of `exact` of AdamW's old first moment, of the weight decay, and of this batch's gradient. */
  momentum: number
  decay: number
  gradient: number
  /**
   * Per group and completion the derivatives of each token's log p and H along D grad H, D AdamW's diagonal held fixed: times
   * d objective / d log p (and / dH) of the token they are its share of `gradient`. 0 where no token of the completion
   * has a slope; absent for weights in half precision, which such a difference is lost on.
   */
  tokens?: { logprob: Float64Array; entropy: Float64Array }[][]
}

/** What the policy said of a completion's tokens during the update's forward, one entry per token. */
export interface TokenUpdate {
  /** NaN where no pass was needed: nothing in the objective moves the token. */
  logprob: Float32Array
  /** d objective / d log p before aggregation and entropy mask; 0 where the PPO clip stops it. */
  slope: Float32Array
  /** 1 where the PPO clip stopped the gradient. */
  clipped: Uint8Array
  /** The KL estimate, where there is a reference; NaN where no pass was needed. */
  kl?: Float32Array
  /** Where UpdateOptions asks for `distributions`; NaN (and 0) where no pass was needed. */
  distribution?: TokenDistribution
}

/** What the policy's distribution was at a completion's tokens, one entry per token. */
export interface TokenDistribution {
  /** H, nats. */
  entropy: Float32Array
  /** Sc = S* - E[S]. */
  centredScore: Float32Array
  /** 1 where no other token was likelier. */
  top: Uint8Array
}

export interface BackendInfo {
  model: string
  parameters: number
  vocabSize: number
  device: string
  dtype: string
  engine: string
  threads: number
  /** Which attention training and scoring go through, and why that one, where the backend tells. */
  attention?: string
  /** How numbers travel between the host and an accelerator, and why so. */
  transfers?: string
}

/** A prompt with completions, to be scored. */
export interface ScoreGroup {
  prompt: Int32Array
  completions: Int32Array[]
}

export interface ScoringOptions {
  temperature: number
  /** Tokens of one micro-batch at most; the result does not depend on it. */
  tokenBudget: number
  /** Default: the policy. */
  model?: 'policy' | 'reference'
}

/** What it samples and scores has the moments of every token where its capabilities say so, see {@link ExactBackend}. */
export interface Backend<
  Sampled extends SampledCompletion = SampledCompletion,
  Scored extends TokenScores = TokenScores,
> {
  readonly info: BackendInfo
  readonly capabilities: BackendCapabilities
  /** Tokenizer, chat template, and end tokens of the policy. */
  readonly model: TextModel
  sample(...given: Parameters<SampleFunction>): ReturnType<SampleFunction<Sampled>>
  /** Statistics of given completions under the policy (or the frozen reference), per group and completion. */
  score(groups: ScoreGroup[], options: ScoringOptions): Promise<Scored[][]>
  update(groups: TrainGroup[], options: UpdateOptions): Promise<UpdateResult>
  /** Keeps a copy of the present policy as the frozen reference. */
  freezeReference(): Promise<void>
  /** PPO's value model; absent where the backend has none. `save` and `load` with `optimizer` take it along. */
  readonly critic?: CriticBackend
  /** Writes a Hugging Face directory, and `optimizer.safetensors` beside it when `optimizer` is set. */
  save(directory: string, options: { optimizer: boolean }): Promise<void>
  /** Loads what `save` wrote. */
  load(directory: string, options: { optimizer: boolean }): Promise<void>
  close(): Promise<void>
}

/** A backend whose statistics are exact. */
export type ExactBackend = Backend<Completion, TokenStatistics>
