/** What each optimizer step of the policy gives to the metrics; the catalogue says how a step's updates combine. */
import { namedMethods } from '../../entropy/methods/recipe-keys.js'
import type { LoopOptions } from '../options.js'
import type { StepReport } from '../step-report.js'
import type { MetricKey } from './catalogue.js'
import { combineUpdates } from './combine.js'

type Values = Partial<Record<MetricKey, number>>

/** Metrics of a step's updates, in the order of metrics.jsonl; none without an update. */
export function policyMetrics(reports: readonly StepReport[], recipe: LoopOptions): Values {
  if (reports.length === 0) return {}
  const combined = (values: (report: StepReport) => Values) =>
    combineUpdates(reports.map((report) => ({ tokens: report.policyTokens, values: values(report) })))
  const made = combined((report) => updateValues(report, recipe))
  const tokens = reports.reduce((total, { policyTokens }) => total + policyTokens, 0)
  return {
    ...made,
    train_tokens_per_s: tokens / made.train_seconds,
    ...combined(({ control }) => control),
    ...combined(({ ledger }) => ledger),
  }
}

function updateValues(report: StepReport, recipe: LoopOptions): Values {
  const methods = namedMethods(recipe.entropy.method)
  const masks = methods.some((method) => method.masks)
  const byScore = methods.some((method) => method.masks === 'score')
  return {
    cov_A_Sc: report.covASc,
    cov_A_rSc: report.covARSc,
    pred_dH_kept: report.predictedKept,
    pred_dH_masked: masks ? report.predictedMasked : undefined,
    masked_fraction: masks ? report.masked : undefined,
    masked_low_fraction: byScore ? report.maskedLow : undefined,
    masked_high_fraction: byScore ? report.maskedHigh : undefined,
    ratio_max: report.ratioMax,
    ppo_clip_fraction: report.clipped,
    kl_nats: report.klSum,
    loss: report.loss,
    grad_norm: report.gradNorm,
    logprob_gap_max: report.logprobGapMax,
    train_seconds: report.seconds,
  }
}
