/** Quantities that several displays derive from a step's metrics. */
import { edgesOf } from '../run/train/edge-steps.js'
import type { StepMetrics } from '../train/events.js'
import { mean } from './statistics.js'

/** Undefined for what is absent, null or no number. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** The value of any metric of a line, also of one that the catalogue does not know. */
export const metricValue = (metrics: StepMetrics, key: string): number | undefined =>
  numberOf((metrics as unknown as Record<string, unknown>)[key])

/** Share of the step's policy tokens whose gradient the methods took; of older runs, both sides of a clip together. */
export function maskedShare(metrics: StepMetrics): number | undefined {
  const all = numberOf(metrics.masked_fraction)
  if (all !== undefined) return all
  const low = numberOf(metrics.masked_low_fraction)
  const high = numberOf(metrics.masked_high_fraction)
  return low === undefined && high === undefined ? undefined : (low ?? 0) + (high ?? 0)
}

/** Means of a quantity over the {@link edgesOf} the steps. */
export function edges(
  metrics: readonly StepMetrics[],
  value: (metrics: StepMetrics) => number | undefined,
): { first: number | undefined; last: number | undefined } {
  const { first, last } = edgesOf(metrics)
  return { first: mean(first.map(value)), last: mean(last.map(value)) }
}

/**
 * For each step with a prediction and a successor: the predicted dH of the updates that went through, and the change
 * of entropy from this step's rollouts to the next one's. The two batches hold different prompts, so the measured
 * change carries sampling noise.
 */
export function entropyChanges(
  metrics: readonly StepMetrics[],
): { step: number; predicted: number; measured: number }[] {
  const changes: { step: number; predicted: number; measured: number }[] = []
  for (let i = 0; i + 1 < metrics.length; i++) {
    const predicted = numberOf(metrics[i].pred_dH_kept)
    const measured = metrics[i + 1].entropy_nats - metrics[i].entropy_nats
    if (metrics[i + 1].step !== metrics[i].step + 1) continue
    if (predicted === undefined || !Number.isFinite(predicted) || !Number.isFinite(measured)) continue
    changes.push({ step: metrics[i].step, predicted, measured })
  }
  return changes
}

/**
 * Seconds from the first to the last line, by their times, and the first step's own, less the time between a step and the
 * resumption that went on from it; undefined without times. `starts` in their order.
 */
export function elapsedSeconds(
  metrics: readonly StepMetrics[],
  starts: readonly { time: string; step: number }[] = [],
): number | undefined {
  const [first, last] = [metrics[0], metrics.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const span = (Date.parse(last.time) - Date.parse(first.time)) / 1000
  const own = (numberOf(first.rollout_seconds) ?? 0) + (numberOf(first.train_seconds) ?? 0)
  // Of several resumptions from one step only the last has its steps in the metrics.
  const lastStarts = new Map(starts.map(({ time, step }) => [step, time]))
  const paused = metrics.map((line) => {
    const start = lastStarts.get(line.step)
    const pause = start === undefined ? 0 : (Date.parse(start) - Date.parse(line.time)) / 1000
    // A step that was done again after a later resumption is younger than this one.
    return pause > 0 ? pause : 0
  })
  const active = span - paused.reduce((sum, pause) => sum + pause, 0)
  return Number.isFinite(active) && active >= 0 ? active + own : undefined
}
