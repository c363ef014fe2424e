/**
 * What is drawn of metrics.jsonl, from the metric catalogue: one table for the report of a run (a figure's quantities are
 * its series) and for the comparison of several (the runs are the series of a figure for each quantity).
 */
import type { StepMetrics } from '../../train/events.js'
import { catalogue, families, sharedFigures } from '../../train/metrics/catalogue.js'
import type { FigureGroup, Metric, SharedFigure } from '../../train/metrics/metric.js'
import { maskedShare, metricValue, numberOf } from '../metrics.js'

export type { FigureGroup }

export interface Quantity {
  /** Name as a series of its figure. */
  name: string
  /** The metrics it is made of. */
  keys: string[]
  /** A curve that repeats a metric beside others; it makes no figure by itself. */
  repeats?: true
  value(metrics: StepMetrics): number | undefined
}

export interface MetricFigure {
  id: string
  group: FigureGroup
  title: string
  unit?: string
  caption: string
  quantities: Quantity[]
  include?: number[]
  mayBeLog?: boolean
  shownIn: 'run' | 'comparison' | 'both'
  /** Not drawn where its one quantity is this metric over again. */
  unless?: string
}

/** Whether a figure shows what another one does. */
export const isRepetition = ({ unless, quantities: [first] }: MetricFigure, lines: readonly StepMetrics[]): boolean =>
  unless !== undefined && lines.every((line) => first.value(line) === metricValue(line, unless))

const quantity = (name: string, key: string, scale = 1): Quantity => ({
  name,
  keys: [key],
  value: (metrics) => {
    const value = key === 'masked_fraction' ? maskedShare(metrics) : metricValue(metrics, key)
    return value === undefined ? undefined : value * scale
  },
})

/** A curve that repeats a metric where another one gives it a meaning. */
const beside = (name: string, key: keyof StepMetrics & string, other: keyof StepMetrics & string): Quantity => ({
  name,
  keys: [key],
  repeats: true,
  value: (metrics) => (metricValue(metrics, other) === undefined ? undefined : metricValue(metrics, key)),
})

/** Curves that are no metric of their own: those before a shared figure's metrics, and those behind them. */
const derived: Record<string, { before?: Quantity; behind?: Quantity }> = {
  'entropy-target': { before: beside('entropy', 'entropy_nats', 'entropy_target') },
  'setpoint-wanted': { behind: beside('kept', 'pred_dH_kept', 'setpoint_wanted_dH') },
  masked: { behind: { name: 'all', keys: [], value: maskedBesideClips } },
}

function figureOf(id: string, { in: shownIn = 'run', ...figure }: SharedFigure, quantities: Quantity[]): MetricFigure {
  return { id, ...figure, quantities, shownIn }
}

/** The figures of the catalogue, in its order; a shared one where its first metric stands. */
function catalogueFigures(): MetricFigure[] {
  const figures = new Map<string, MetricFigure>()
  for (const [key, metric] of Object.entries<Metric>(catalogue)) {
    const { shown, title, caption } = metric
    if (typeof shown === 'string') continue
    if ('figure' in shown) {
      const { before } = derived[shown.figure] ?? {}
      const made =
        figures.get(shown.figure) ?? figureOf(shown.figure, sharedFigures[shown.figure], before ? [before] : [])
      made.quantities.push(quantity(shown.curve, key))
      figures.set(shown.figure, made)
    } else {
      const { id = key.replaceAll('_', '-'), curve = title.toLowerCase(), scale, unit = metric.unit, ...axes } = shown
      figures.set(id, figureOf(id, { ...axes, title, unit, caption }, [quantity(curve, key, scale)]))
    }
  }
  for (const [id, { behind }] of Object.entries(derived)) if (behind) figures.get(id)?.quantities.push(behind)
  return [...figures.values()]
}

export const metricFigures: readonly MetricFigure[] = catalogueFigures()

/** The whole share where a clip's two sides are not all of it. */
function maskedBesideClips(metrics: StepMetrics): number | undefined {
  const all = numberOf(metrics.masked_fraction)
  const sides = [metrics.masked_low_fraction, metrics.masked_high_fraction].map(numberOf)
  if (all === undefined || sides.every((side) => side === undefined)) return all
  const both = sides.reduce<number>((sum, side) => sum + (side ?? 0), 0)
  return Math.abs(all - both) > 1e-9 ? all : undefined
}

/**
 * Figures for the metrics of a run whose keys the recipe completes, and for those that the catalogue does not know (a later
 * version's, a loop's of somebody's own), under their own names.
 */
export function furtherFigures(metrics: readonly StepMetrics[]): MetricFigure[] {
  const keys = new Set<string>()
  for (const line of metrics) {
    for (const [key, value] of Object.entries(line)) {
      if (!Object.hasOwn(catalogue, key) && key !== 'step' && typeof value === 'number') keys.add(key)
    }
  }
  const ofFamilies = families.flatMap(({ prefix, figure: { id, ...figure } }): MetricFigure[] => {
    const members = [...keys].filter((key) => key.startsWith(prefix))
    for (const key of members) keys.delete(key)
    const quantities = members.map((key) => quantity(key.slice(prefix.length), key))
    return quantities.length === 0 ? [] : [figureOf(id, figure, quantities)]
  })
  return [...ofFamilies, ...[...keys].map(unknownFigure)]
}

const unknownFigure = (key: string): MetricFigure =>
  figureOf(
    `metric-${key.replace(/[^A-Za-z0-9_]/gu, (char) => `-${char.codePointAt(0)!.toString(16)}`)}`,
    { group: 'update', title: key, caption: `As logged under ${key}.` },
    [quantity(key, key)],
  )
