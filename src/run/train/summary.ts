/** The closing words of a run, as one JSON object. */

import { meanOfFinite } from '../../base/sample.js'
import { bestBy } from '../../recipe/checkpoint-section.js'
import type { Recipe } from '../../recipe/schema.js'
import {
  type LedgerSummary,
  summarizeLedger,
  summarizeTarget,
  type TargetSummary,
} from '../../train/control-summary.js'
import { type Concern, concernsOf, healthFacts } from '../../train/health/health.js'
import { bestCheckpoint, listCheckpoints } from '../store/checkpoint.js'
import { readHistory } from '../store/history.js'
import type { RunPaths } from '../store/run-directory.js'
import { edgesOf } from './edge-steps.js'

/** What every run says at its end. */
export interface RunSummary {
  /** The run directory. */
  run: string
  model: string
  /** Steps done and planned. */
  step: number
  steps: number
  /** True if the run ended before its last step (Ctrl-C, an abort). */
  interrupted: boolean
  /** Steps of each mean over the first and the last steps: 10, or half of a run shorter than 20. */
  edge_steps: number
  /** Mean entropy of the policy at its tokens, of a supervised run at the learned ones; nats. */
  entropy_first: number | null
  entropy_last: number | null
  /** Time spent in rollouts and training, over all starts. */
  seconds: number
  tokens_per_s: number | null
  /** The last checkpoint. */
  checkpoint?: string
  best?: { checkpoint: string; step: number; metric: string; value: number }
}

export interface Summary extends RunSummary {
  reward_first: number | null
  reward_last: number | null
  completion_tokens: number
  eval_first?: { step: number; avg_at_k?: number; pass_at_k?: number; reward_mean?: number }
  eval_last?: { step: number; avg_at_k?: number; pass_at_k?: number; reward_mean?: number }
  /** How well the ledger's predictions agree with what it measured. */
  ledger?: LedgerSummary
  /** How near entropy stayed to its target. */
  setpoint?: TargetSummary
  /** What is wrong with the run after its last step; absent where nothing is. */
  concerns?: Concern[]
}

const mean = (values: number[]) => meanOfFinite(values) ?? null

export function summarize(paths: RunPaths, recipe: Recipe): Summary {
  const { steps, evaluations } = readHistory(paths)
  const { count, first, last } = edgesOf(steps)
  const sum = (of: (line: (typeof steps)[number]) => number) => steps.reduce((total, line) => total + of(line), 0)
  const tokens = sum((line) => line.completion_tokens)
  const seconds = sum((line) => line.rollout_seconds + (line.train_seconds ?? 0))
  const { metric } = bestBy(recipe, evaluations.at(-1))
  const checkpoints = listCheckpoints(paths)
  const best = bestCheckpoint(checkpoints, metric)
  const concerns = concernsOf(steps, healthFacts(recipe))
  const evaluation = (line: (typeof evaluations)[number] | undefined) =>
    line && { step: line.step, avg_at_k: line.avg_at_k, pass_at_k: line.pass_at_k, reward_mean: line.reward_mean }
  return {
    run: paths.directory,
    model: recipe.model,
    step: steps.at(-1)?.step ?? 0,
    steps: recipe.train.steps,
    interrupted: (steps.at(-1)?.step ?? 0) < recipe.train.steps,
    edge_steps: count,
    reward_first: mean(first.map((line) => line.reward_mean)),
    reward_last: mean(last.map((line) => line.reward_mean)),
    entropy_first: mean(first.map((line) => line.entropy_nats)),
    entropy_last: mean(last.map((line) => line.entropy_nats)),
    completion_tokens: tokens,
    seconds,
    tokens_per_s: seconds > 0 ? tokens / seconds : null,
    eval_first: evaluation(evaluations.at(0)),
    eval_last: evaluation(evaluations.at(-1)),
    ledger: summarizeLedger(steps),
    setpoint: summarizeTarget(steps),
    checkpoint: checkpoints.at(-1)?.directory,
    best: best && { checkpoint: best.directory, step: best.step, metric, value: best.value! },
    ...(concerns.length > 0 ? { concerns } : {}),
  }
}
