/** One line of metrics.jsonl from what a step did. A quantity that does not apply is left out. */
import type { RolloutStatistics } from '../../rollout/types.js'
import { hasNoSignal } from '../advantages.js'
import type { GradedCompletion, StepMetrics } from '../events.js'
import type { LoopOptions } from '../options.js'
import type { StepReport } from '../step-report.js'
import { policyMetrics } from './update-values.js'

const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length

interface StepData {
  step: number
  lr: number
  graded: readonly GradedCompletion[]
  statistics: RolloutStatistics
  reports: readonly StepReport[]
  recipe: LoopOptions
}

export function stepMetrics({ step, lr, graded, statistics, reports, recipe }: StepData): StepMetrics {
  const rewards = graded.map(({ reward }) => reward)
  const rewardMean = mean(rewards)
  const tokens = graded.reduce((total, { completion }) => total + completion.tokens.length, 0)
  const entropy = graded.reduce((total, { completion }) => completion.entropy.reduce((a, b) => a + b, total), 0)
  return {
    step,
    time: new Date().toISOString(),
    reward_mean: rewardMean,
    reward_std: Math.sqrt(mean(rewards.map((reward) => (reward - rewardMean) ** 2))),
    ...(recipe.rollout.samplesPerPrompt > 1 ? { zero_signal_fraction: zeroSignalFraction(graded) } : {}),
    entropy_nats: entropy / tokens,
    ...policyMetrics(reports, recipe),
    lr,
    completion_tokens: tokens,
    completion_length_mean: tokens / graded.length,
    truncated_fraction: mean(graded.map(({ completion }) => (completion.finish === 'length' ? 1 : 0))),
    rollout_seconds: statistics.seconds,
    rollout_tokens_per_s: statistics.completionTokens / statistics.seconds,
    ...(statistics.truncatedMass === undefined ? {} : { sampling_cut_mass: statistics.truncatedMass }),
    edge_draws: statistics.edgeDraws,
    rss_bytes: process.memoryUsage.rss(),
  }
}

function zeroSignalFraction(graded: readonly GradedCompletion[]): number {
  const groups = new Map<number, number[]>()
  for (const { completion, reward } of graded) {
    groups.set(completion.prompt, [...(groups.get(completion.prompt) ?? []), reward])
  }
  return mean([...groups.values()].map((rewards) => (hasNoSignal(rewards) ? 1 : 0)))
}
