/** What a supervised run tells the world. */
import type { TrainEvent } from '../events.js'
import type { ValuesOf } from '../metrics/metric.js'
import type { sftEvalMetrics, sftMetrics } from './metrics.js'

/** One line of metrics.jsonl. A quantity that does not apply (a skipped update) is absent, never 0. */
export interface SftStepMetrics extends ValuesOf<typeof sftMetrics> {
  step: number
  /** ISO 8601. */
  time: string
  [extra: string]: number | string | undefined
}

/** A line of eval.jsonl: the validation examples under the policy after `step` steps. */
export interface SftEvalMetrics extends ValuesOf<typeof sftEvalMetrics> {
  step: number
}

export type SftEvent =
  | Exclude<TrainEvent, { type: 'step' } | { type: 'eval' }>
  | { type: 'step'; metrics: SftStepMetrics }
  | { type: 'eval'; metrics: SftEvalMetrics }
