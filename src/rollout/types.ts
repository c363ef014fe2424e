/**
 * A rollout is many sampled completions with, for every sampled token, what the policy's whole distribution looked
 * like when it was drawn: the statistics that the entropy theory needs exist before training begins.
 */

/** One array entry per completion token; nats. The distribution is softmax(z / T) over the full vocabulary. */
export interface TokenLogprobs {
  /** log p(sampled token), by whoever reports it. */
  logprob: Float32Array
  /** 1 where no token was likelier than this one; where given tokens are scored. */
  top?: Uint8Array
}

/** Moments of the whole distribution, one array entry per completion token; nats. */
export interface TokenMoments {
  /** H = -sum p log p. */
  entropy: Float32Array
  /** sum_i p_i^2. */
  sumP2: Float32Array
  /** sum_i p_i^2 log p_i. */
  sumP2LogP: Float32Array
  /** S* = p_k (H + log p_k) of the sampled token k. */
  S: Float32Array
  /** E_p[S] = H sum p^2 + sum p^2 log p, rounded so that S - expectedS has the sign of the centered score. */
  expectedS: Float32Array
  /** sum_i S_i^2, the squared length of the entropy's gradient with respect to the logits. */
  sumS2: Float32Array
}

export interface TokenStatistics extends TokenLogprobs, TokenMoments {}

/** What is reported where the moments may be missing: all of them, or none. */
export type TokenScores = TokenLogprobs & Partial<TokenMoments>

export const statisticNames = ['logprob', 'entropy', 'sumP2', 'sumP2LogP', 'S', 'expectedS', 'sumS2'] as const

export type FinishReason = 'stop' | 'length'

/** Which completion it is, and its tokens. */
export interface CompletionTokens {
  /** Index into the request's prompts. */
  prompt: number
  /** 0 .. samplesPerPrompt - 1. */
  sample: number
  /** Sampled ids, the end token included: it is a policy token. */
  tokens: Int32Array
  finish: FinishReason
}

/** A completion as a sampler reports it, with its own log-probabilities, and with moments where it knows them. */
export type SampledCompletion = CompletionTokens & TokenScores

/** A completion as it is trained on. Log-probabilities and moments are of one policy, the backend's. */
export interface Completion extends CompletionTokens, TokenStatistics {
  /** log p by the sampler, where that is not the backend. */
  samplerLogprob?: Float32Array
}

export interface SamplingOptions {
  samplesPerPrompt: number
  maxNewTokens: number
  temperature: number
  topP: number
  topK: number
  minP: number
  /** Sampling any of these ends the completion. */
  stopTokens: number[]
  stopStrings: string[]
  /** Draws are keyed by (seed, step, prompt key, sample, position). */
  seed: number
  step: number
  /** Rows sampled at once at most. */
  batchSize: number
}

export interface SamplePrompt {
  /** Keys the randomness; distinct per prompt of a step. */
  key: number
  tokens: ArrayLike<number>
  /** Fewer new tokens than the options allow, for this prompt. */
  maxNewTokens?: number
}

export interface RolloutStatistics {
  promptTokens: number
  completionTokens: number
  seconds: number
  /** Mean probability mass that top-p, top-k or min-p cut away; absent without truncation. */
  truncatedMass?: number
  /** Draws that fell within rounding of an edge of the cumulative distribution; absent where that is not known. */
  edgeDraws?: number
}
