/** What the numbers of a training run's two files mean. */
import { metricOf } from './catalogue.js'
import { evalMetrics, evalText } from './evaluation.js'
import type { Metric, Metrics } from './metric.js'

/** Of metrics.jsonl (`train`) and eval.jsonl (`eval`); undefined for a key that the catalogue does not know. */
export function describeMetric(part: 'train' | 'eval', key: string): Omit<Metric, 'shown'> | undefined {
  if (part === 'train') return metricOf(key)
  const metric = Object.hasOwn(evalMetrics, key) ? (evalMetrics as Metrics)[key] : undefined
  return metric && { ...metric, title: evalText(metric.title), caption: evalText(metric.caption) }
}
