/** One line of metrics.jsonl from what a step did. A quantity that does not apply is left out. */
import { mean } from '../../base/sample.js'
import type { RolloutStatistics } from '../../rollout/types.js'
import type { GradedCompletion, StepMetrics } from '../events.js'
import type { LoopOptions } from '../options.js'
import { hasSignal, type SignalRule } from '../signal.js'
import type { StepReport } from '../step-report.js'
import { policyMetrics } from './update-values.js'

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
    ...(recipe.rollout.samplesPerPrompt > 1
      ? { zero_signal_fraction: zeroSignalFraction(graded, recipe.rollout.signal) }
      : {}),
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

/** What the task and the recipe's further rewards said. Behind all others in a line, as they came to be logged last. */
export function gradeMetrics(graded: readonly GradedCompletion[]): Partial<StepMetrics> {
  const verdicts = graded.flatMap(({ correct }) => correct ?? [])
  const names = Object.keys(graded[0]?.rewardParts ?? {})
  // The task's own share alone is the reward.
  const parts = names.length < 2 ? [] : names
  return {
    ...Object.fromEntries(parts.map((name) => [`reward/${name}`, mean(graded.map((one) => one.rewardParts![name]!))])),
    ...(verdicts.length === graded.length ? { correct_mean: mean(verdicts.map(Number)) } : {}),
  }
}

function zeroSignalFraction(graded: readonly GradedCompletion[], rule: SignalRule = 'task'): number {
  const groups = new Map<number, GradedCompletion[]>()
  for (const entry of graded) {
    groups.set(entry.completion.prompt, [...(groups.get(entry.completion.prompt) ?? []), entry])
  }
  return mean([...groups.values()].map((group) => (hasSignal(group, rule) ? 0 : 1)))
}
