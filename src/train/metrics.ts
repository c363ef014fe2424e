/** One line of metrics.jsonl from what a step did. A quantity that does not apply is left out. */
import { masksByScore, masksGradient, methodList } from '../entropy/methods/recipe-keys.js'
import type { RolloutStatistics } from '../rollout/types.js'
import { hasNoSignal } from './advantages.js'
import type { GradedCompletion, StepMetrics } from './events.js'
import type { LoopOptions } from './options.js'
import type { StepReport } from './step-report.js'

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
    ...updateMetrics(reports, recipe),
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

/** Means over the step's optimizer steps, weighted by their policy tokens; extremes are extremes over all. */
function updateMetrics(reports: readonly StepReport[], recipe: LoopOptions): Partial<StepMetrics> {
  if (reports.length === 0) return {}
  const N = reports.reduce((total, { policyTokens }) => total + policyTokens, 0)
  const weighted = (pick: (report: StepReport) => number) => {
    const finite = reports.filter((report) => Number.isFinite(pick(report)))
    const tokens = finite.reduce((total, { policyTokens }) => total + policyTokens, 0)
    return finite.reduce((total, report) => total + pick(report) * report.policyTokens, 0) / tokens
  }
  const share = (pick: (report: StepReport) => number) => reports.reduce((total, report) => total + pick(report), 0) / N
  const seconds = reports.reduce((total, report) => total + report.seconds, 0)
  const methods = methodList(recipe.entropy.method)
  const masks = methods.some(masksGradient)
  const byScore = methods.some(masksByScore)
  const controlNames = new Set(reports.flatMap(({ control }) => Object.keys(control)))
  const gaps = reports.flatMap(({ logprobGapMax }) => logprobGapMax ?? [])
  return present({
    cov_A_Sc: weighted(({ covASc }) => covASc),
    cov_A_rSc: weighted(({ covARSc }) => covARSc),
    pred_dH_kept: weighted(({ predictedKept }) => predictedKept),
    pred_dH_masked: masks ? weighted(({ predictedMasked }) => predictedMasked) : undefined,
    masked_fraction: masks ? share(({ masked }) => masked) : undefined,
    masked_low_fraction: byScore ? share(({ maskedLow }) => maskedLow) : undefined,
    masked_high_fraction: byScore ? share(({ maskedHigh }) => maskedHigh) : undefined,
    ratio_max: Math.max(...reports.map(({ ratioMax }) => ratioMax)),
    ppo_clip_fraction: share(({ clipped }) => clipped),
    kl_nats: reports.every(({ klSum }) => klSum !== undefined) ? share(({ klSum }) => klSum!) : undefined,
    loss: weighted(({ loss }) => loss),
    grad_norm: weighted(({ gradNorm }) => gradNorm),
    logprob_gap_max: gaps.length > 0 ? Math.max(...gaps) : undefined,
    train_seconds: seconds,
    train_tokens_per_s: N / seconds,
    ...Object.fromEntries([...controlNames].map((name) => [name, weighted(({ control }) => control[name])])),
    ...ledgerMeans(reports),
  })
}

/** Token-weighted means of the ledger's rows; a row that one of the optimizer steps lacks is 0 there, so that they sum. */
function ledgerMeans(reports: readonly StepReport[]): Record<string, number> {
  const kept = reports.filter(({ ledger }) => Object.keys(ledger).length > 0)
  const tokens = kept.reduce((total, { policyTokens }) => total + policyTokens, 0)
  const names = new Set(kept.flatMap(({ ledger }) => Object.keys(ledger)))
  const meanOf = (name: string) =>
    kept.reduce((total, { ledger, policyTokens }) => total + (ledger[name] ?? 0) * policyTokens, 0) / tokens
  return Object.fromEntries([...names].map((name) => [name, meanOf(name)]))
}

/** Drops what is undefined or not a number. */
const present = (metrics: Partial<StepMetrics>): Partial<StepMetrics> =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)))
