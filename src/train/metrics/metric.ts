/**
 * What the catalogue says of one number that a run logs. Everything that lists metrics folds over these entries: the type
 * of a step's line, how several updates of a step combine, the figures of reports, the tables in docs/, and trackers.
 */

/**
 * How the values of a step's optimizer steps become the step's value. Updates that lack the value, or whose value is not
 * finite, do not count.
 * - `mean`: each update gives a mean over its policy tokens; their mean, weighted by those tokens.
 * - `share`: each update gives a sum or count over its policy tokens; the total over all tokens of all updates. Absent when one
 *   update lacks it.
 * - `row`: as `mean`, of rows that must sum; an update that has other rows and lacks this one counts as 0.
 * - `max`: the largest.
 * - `sum`: the total.
 */
export type Combine = 'mean' | 'share' | 'row' | 'max' | 'sum'

/** The section of a report that a figure belongs to. */
export type FigureGroup = 'learning' | 'dynamics' | 'ledger' | 'update' | 'completions' | 'speed'

interface Axes {
  group: FigureGroup
  /** Values that the axis must show. */
  include?: number[]
  /** Draw on a logarithmic axis when the values span more than two orders of magnitude. */
  mayBeLog?: true
  /** The report of one run, the comparison of several, or both. Default: run. */
  in?: 'run' | 'comparison' | 'both'
  /** Not drawn where its values are those of this metric. */
  unless?: string
}

/** A figure that several metrics share, by its id. */
export interface SharedFigure extends Axes {
  title: string
  unit?: string
  caption: string
}

/** A figure of the metric alone; its title and caption are the metric's. */
export interface OwnFigure extends Axes {
  /** Default: the metric's key with dashes. */
  id?: string
  /** The curve's name; default: the title in lower case. */
  curve?: string
  /** The curve's values are multiplied by it, and `unit` is theirs. */
  scale?: number
  unit?: string
}

/** A curve in a {@link SharedFigure}. */
export interface Curve {
  figure: string
  curve: string
}

export interface Metric {
  /** A name for people, e.g. the figure's title. */
  title: string
  /** Absent: a pure number. */
  unit?: string
  /** What it is, for people: the figure's caption, the row in the docs, the description in a tracker. */
  caption: string
  /** Absent: measured once a step, not once an update. */
  combine?: Combine
  /** The direction that is better, when one is. */
  better?: 'higher' | 'lower'
  /** Every line has it; without this a line has it when it applies. */
  always?: true
  /** A backend that sees only the top of each distribution gives KEY_low and KEY_high instead. */
  bounded?: true
  /** Where a report shows it: a figure, a curve in a shared one, a table, or nowhere. */
  shown: OwnFigure | Curve | 'table' | 'nowhere'
}

export type Metrics = Readonly<Record<string, Metric>>
export type SharedFigures = Readonly<Record<string, SharedFigure>>

/** Metrics whose keys a recipe completes: PREFIX and a name. */
export interface MetricFamily {
  /** How the docs write it: `reward/NAME`. */
  key: string
  prefix: string
  /** The part of the docs that it stands in. */
  topic: string
  metric: Omit<Metric, 'shown' | 'always' | 'bounded'>
  /** All members are curves of one figure. */
  figure: SharedFigure & { id: string }
}

/** The keys that every line has. */
type AlwaysIn<M> = { [K in keyof M as M[K] extends { always: true } ? K : never]: number }
/** The others. */
type SometimesIn<M> = { [K in keyof M as M[K] extends { always: true } ? never : K]?: number }
/** Of bounded metrics, the interval's ends. */
type BoundsIn<M> = {
  [K in keyof M as M[K] extends { bounded: true } ? `${K & string}_${'low' | 'high'}` : never]?: number
}

/** The numbers of one line, from the entries of its catalogue. */
export type ValuesOf<M> = AlwaysIn<M> & SometimesIn<M> & BoundsIn<M>
