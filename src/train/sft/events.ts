/** What a supervised run tells the world. */
import type { TrainEvent } from '../events.js'

/** One line of metrics.jsonl. A quantity that does not apply (a skipped update) is absent, never 0. */
export interface SftStepMetrics {
  step: number
  /** ISO 8601. */
  time: string
  /** Passes over the examples so far. */
  epoch: number
  /** Mean -log p of the learnt tokens before the step's update, nats. */
  loss?: number
  /** e^loss. */
  perplexity?: number
  /** Share of learnt tokens that are the likeliest of their distribution. */
  token_accuracy?: number
  /** Mean entropy H of the policy at the learnt tokens. */
  entropy_nats?: number
  /** Predicted change of that mean per unit step on the logits, -(1/N) sum Sc: the update raises every learnt token. */
  pred_dH_kept?: number
  grad_norm?: number
  lr: number
  examples: number
  /** Left out: longer than data.maxTokens, or with nothing left to learn. */
  dropped_examples: number
  truncated_examples: number
  target_tokens: number
  /** All tokens, prompts included. */
  tokens: number
  train_seconds?: number
  /** All tokens by wall time. */
  train_tokens_per_s?: number
  rss_bytes: number
  [extra: string]: number | string | undefined
}

/** A line of eval.jsonl: the validation examples under the policy after `step` steps. */
export interface SftEvalMetrics {
  step: number
  examples: number
  target_tokens: number
  eval_loss: number
  perplexity: number
  token_accuracy: number
  entropy_nats: number
  seconds: number
}

export type SftEvent =
  | Exclude<TrainEvent, { type: 'step' } | { type: 'eval' }>
  | { type: 'step'; metrics: SftStepMetrics }
  | { type: 'eval'; metrics: SftEvalMetrics }
