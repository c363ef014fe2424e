/** What a run's ledger and entropy target come to, from its metrics. */
import { covariance } from '../entropy/index.js'
import type { StepMetrics } from './events.js'
import type { MetricKey } from './metrics/catalogue.js'

/** A prediction of dH against the measured change, over the ledger's steps. */
export interface Agreement {
  /** Pearson's; null for fewer than three steps or a side that never varies. */
  correlation: number | null
  /** Share of the steps in which both have the same sign. */
  sign_agreement: number
  /** Slope of measured on predicted through the origin; null where nothing was predicted. */
  slope: number | null
}

export interface LedgerSummary {
  /** Steps with a measurement. */
  steps: number
  exact: Agreement
  logit: Agreement
}

export interface TargetSummary {
  /** nats, of the last step. */
  target: number
  /** Root mean square of entropy less target over the second half of the steps, nats; and their mean difference. */
  distance: number
  bias: number
  /** Measured over predicted, at the end. */
  gain: number
  /** Share of the updates in which masking could not give what was wanted. */
  short_fraction: number
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The steps in which every one of the keys is a number. */
function columns<K extends MetricKey>(metrics: readonly StepMetrics[], keys: readonly K[]): Record<K, number>[] {
  return metrics.filter((line) => keys.every((key) => Number.isFinite(line[key]))) as Record<K, number>[]
}

/** Undefined for a run without a ledger. */
export function summarizeLedger(metrics: readonly StepMetrics[]): LedgerSummary | undefined {
  const lines = columns(metrics, ['ledger_pred_dH_exact', 'ledger_pred_dH_logit', 'ledger_measured_dH'])
  if (lines.length === 0) return undefined
  const measured = lines.map((line) => line.ledger_measured_dH)
  const agreement = (predicted: number[]): Agreement => {
    const spread = Math.sqrt(covariance(predicted, predicted) * covariance(measured, measured))
    const squares = predicted.reduce((sum, value) => sum + value ** 2, 0)
    const products = predicted.reduce((sum, value, i) => sum + value * measured[i], 0)
    return {
      correlation: lines.length > 2 && spread > 0 ? covariance(predicted, measured) / spread : null,
      sign_agreement: meanOf(predicted.map((value, i) => (Math.sign(value) === Math.sign(measured[i]) ? 1 : 0))),
      slope: squares > 0 ? products / squares : null,
    }
  }
  return {
    steps: lines.length,
    exact: agreement(lines.map((line) => line.ledger_pred_dH_exact)),
    logit: agreement(lines.map((line) => line.ledger_pred_dH_logit)),
  }
}

/** Undefined for a run without an entropy target. */
export function summarizeTarget(metrics: readonly StepMetrics[]): TargetSummary | undefined {
  const lines = columns(metrics, ['entropy_target', 'entropy_nats', 'setpoint_gain', 'setpoint_short'])
  const last = lines.at(-1)
  if (!last) return undefined
  const gaps = lines.slice(Math.floor(lines.length / 2)).map((line) => line.entropy_nats - line.entropy_target)
  return {
    target: last.entropy_target,
    distance: Math.sqrt(meanOf(gaps.map((gap) => gap ** 2))),
    bias: meanOf(gaps),
    gain: last.setpoint_gain,
    short_fraction: meanOf(lines.map((line) => line.setpoint_short)),
  }
}
