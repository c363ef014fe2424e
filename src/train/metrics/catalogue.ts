/**
 * Every metric that a training run logs, an entry each, by topic. To add one, write its entry in the topic's file and give its
 * value where the step is measured (step-metrics.ts) or the update is (update-values.ts). The rest folds over this list.
 */
import { criticFigures, criticMetrics } from './critic.js'
import { entropyFigures, entropyMetrics } from './entropy.js'
import { ledgerFigures, ledgerMetricEntries } from './ledger.js'
import type { Metric, MetricFamily, Metrics, SharedFigure, ValuesOf } from './metric.js'
import { type RolloutFamilyValues, rolloutFamilies, rolloutFigures, rolloutMetrics } from './rollouts.js'
import { speedFigures, speedMetrics } from './speed.js'
import { type UpdateFamilyValues, updateFamilies, updateFigures, updateMetrics } from './updates.js'

/** In the order of the docs and of a report's figures; a line of metrics.jsonl has the order in which it is measured. */
export const catalogue = {
  ...rolloutMetrics,
  ...entropyMetrics,
  ...ledgerMetricEntries,
  ...updateMetrics,
  ...criticMetrics,
  ...speedMetrics,
} satisfies Metrics

/** The catalogue in parts, as the docs show it. */
export const topics: readonly { title: string; metrics: Metrics }[] = [
  { title: 'Completions', metrics: rolloutMetrics },
  { title: 'Entropy', metrics: entropyMetrics },
  { title: 'Ledger', metrics: ledgerMetricEntries },
  { title: 'Updates', metrics: updateMetrics },
  { title: 'Critic', metrics: criticMetrics },
  { title: 'Speed', metrics: speedMetrics },
]

/** Figures that several metrics share, by id. */
export const sharedFigures: Readonly<Record<string, SharedFigure>> = {
  ...rolloutFigures,
  ...entropyFigures,
  ...ledgerFigures,
  ...updateFigures,
  ...criticFigures,
  ...speedFigures,
}

export const families: readonly MetricFamily[] = [...rolloutFamilies, ...updateFamilies]

/** The numbers of one line of metrics.jsonl. */
export type StepValues = ValuesOf<typeof catalogue> & RolloutFamilyValues & UpdateFamilyValues
/** A metric of the catalogue by its key. */
export type MetricKey = keyof StepValues & string

/** What the catalogue says of a key: its own entry, its family's, or that of the metric that it bounds. */
export function metricOf(key: string): Omit<Metric, 'shown'> | undefined {
  const own = lookUp(key)
  if (own) return own
  const family = families.find(({ prefix }) => key.startsWith(prefix))
  if (family) return family.metric
  const [, name, end] = /^(.+)_(low|high)$/.exec(key) ?? []
  const bounded = name === undefined ? undefined : lookUp(name)
  if (!bounded?.bounded) return undefined
  const bound = end === 'low' ? 'lower' : 'upper'
  return { ...bounded, title: `${bounded.title}, ${bound} bound`, caption: `The ${bound} bound of: ${bounded.caption}` }
}

const lookUp = (key: string): Metric | undefined =>
  Object.hasOwn(catalogue, key) ? (catalogue as Metrics)[key] : undefined
