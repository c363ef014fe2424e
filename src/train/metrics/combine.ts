/** From the values of a step's optimizer steps to the step's, each by its {@link Combine} in the catalogue. */
import { metricOf } from './catalogue.js'
import type { Combine } from './metric.js'

/** The values of one optimizer step by metric, and the tokens that weigh them. */
export interface Update {
  tokens: number
  values: Readonly<Record<string, number | undefined>>
}

/**
 * In the order in which the keys first appear. What no update has, or what is not finite, is left out. A key that the
 * catalogue does not know is combined by `mean`.
 */
export function combineUpdates(updates: readonly Update[]): Record<string, number> {
  const keys = new Set(updates.flatMap(({ values }) => Object.keys(values)))
  const combined: Record<string, number> = {}
  for (const key of keys) {
    const value = rules[metricOf(key)?.combine ?? 'mean'](key, updates)
    if (Number.isFinite(value)) combined[key] = value
  }
  return combined
}

const total = (updates: readonly Update[], of: (update: Update) => number) =>
  updates.reduce((sum, update) => sum + of(update), 0)

const having = (key: string, updates: readonly Update[]) => updates.filter(({ values }) => Number.isFinite(values[key]))

const rules: Record<Combine, (key: string, updates: readonly Update[]) => number> = {
  mean(key, updates) {
    const known = having(key, updates)
    return total(known, ({ values, tokens }) => values[key]! * tokens) / total(known, ({ tokens }) => tokens)
  },
  share: (key, updates) =>
    total(updates, ({ values }) => values[key] ?? Number.NaN) / total(updates, ({ tokens }) => tokens),
  row(key, updates) {
    const withRows = updates.filter(({ values }) =>
      Object.keys(values).some((name) => metricOf(name)?.combine === 'row'),
    )
    return (
      total(withRows, ({ values, tokens }) => (values[key] ?? 0) * tokens) / total(withRows, ({ tokens }) => tokens)
    )
  },
  max: (key, updates) => Math.max(...having(key, updates).map(({ values }) => values[key]!)),
  sum: (key, updates) => total(having(key, updates), ({ values }) => values[key]!),
}
