/** What a training run tells the world, step by step. */
import type { Completion } from '../rollout/types.js'
import type { Example } from '../task/types.js'
import type { StepValues } from './metrics/catalogue.js'
import type { evalMetrics } from './metrics/evaluation.js'
import type { ValuesOf } from './metrics/metric.js'

/** One line of metrics.jsonl: the numbers of the metric catalogue. A quantity that does not apply is absent, never 0. */
export interface StepMetrics extends StepValues {
  step: number
  /** ISO 8601. */
  time: string
}

/** One line of ledger.jsonl: an optimizer step that the ledger measured, with its rows of the step's metrics. */
export interface LedgerLine {
  step: number
  /** Optimizer steps made on the same batch of rollouts before. */
  update: number
  policy_tokens: number
  cov_A_Sc: number
  cov_A_rSc: number
  ratio_max: number
  [row: string]: number
}

/** A graded completion as it is trained on and written to Parquet. */
export interface GradedCompletion {
  promptId: string
  promptText: string
  /** The prompt's ids, as the model got them. */
  promptTokens?: Int32Array
  completionText: string
  example: Example
  completion: Completion
  reward: number
  /** The task's own verdict; absent when the task gives none. */
  correct?: boolean
  /** The rewards that `reward` sums, by name and without their weights; the task's own is `task`. */
  rewardParts?: Record<string, number>
  /** The task's own reward; absent when it has no weight in the sum. */
  taskReward?: number
  /** Under PPO the mean over its tokens. */
  advantage: number
  gradMask: Uint8Array
  /** PPO's view of the single tokens. */
  tokenCredit?: TokenCredit
}

/** One entry per token. */
export interface TokenCredit {
  /** As trained on, whitened where the recipe whitens. */
  advantages: Float32Array
  /** The critic's V of the state the token was drawn in; absent, as returns, where the tokens are not the policy's. */
  values?: Float32Array
  returns?: Float32Array
}

/** Held-out evaluation during training: a line of eval.jsonl. */
export interface EvalMetrics extends ValuesOf<typeof evalMetrics> {
  step: number
  /** Share of problems solved in 0, 1, ... samples of `samples`; absent, as all figures of what is solved, without a verdict. */
  pass_histogram?: number[]
  /** 95 % intervals by the bootstrap over problems. */
  avg_at_k_interval?: [number, number]
  pass_at_k_interval?: [number, number]
  /** Right samples of each problem, in the problems' order. */
  solved?: number[]
  /** Tells problem sets apart: equal where the problems, their order and their answers are. */
  problems_hash?: string
}

export type TrainEvent =
  | {
      type: 'phase'
      step: number
      phase: 'rollout' | 'grade' | 'train' | 'evaluate' | 'checkpoint'
      done?: number
      total?: number
    }
  | { type: 'step'; metrics: StepMetrics; rollouts: GradedCompletion[]; ledger?: LedgerLine[] }
  | { type: 'eval'; metrics: EvalMetrics }
  | { type: 'warning'; step: number; message: string }
