/**
 * A tracker: where a run's numbers go besides metrics.jsonl. Each is one file that declares a name, its options in a recipe's
 * `log`, and how it is opened.
 */
import type { z } from 'zod'
import type { Metric } from '../train/metrics/metric.js'

/** A line of metrics.jsonl, with further numbers by their keys. `time`: ISO 8601. */
export interface LoggedStep {
  step: number
  time: string
}

/** A line of eval.jsonl. */
export interface LoggedEvaluation {
  step: number
}

/** The lines of a run so far. */
export interface LoggedPast {
  steps: readonly LoggedStep[]
  evaluations: readonly LoggedEvaluation[]
}

/** Which of the two a key stands in. */
export type LoggedPart = 'train' | 'eval'

/** How a tracker writes to the disk: each call is on disk when it returns. */
export interface TrackerFiles {
  makeDirectory(path: string): void
  write(path: string, data: string | Uint8Array): void
  append(path: string, data: string | Uint8Array): void
  /** Also where there is nothing. */
  remove(path: string): void
}

export interface TrackerContext {
  /** The run's, which has the run's name. */
  directory: string
  files: TrackerFiles
  /**
   * What the run has behind it. A resumed run goes on from its checkpoint, and what it logged after that is not here: a
   * tracker must not show it either.
   */
  past: LoggedPast
  /** The run's recipe with all defaults, as config.yaml has it. */
  recipe: object
  /** What the metric catalogue says of a key; undefined for one that it does not know. */
  describe(part: LoggedPart, key: string): Pick<Metric, 'title' | 'unit' | 'caption' | 'better'> | undefined
  /** Tells people of trouble that the run survives, a server that does not answer for example. */
  warn(message: string): void
}

export interface OpenTracker {
  /** After the step is on disk. What this throws ends the run. */
  step(metrics: LoggedStep): void
  evaluation(metrics: LoggedEvaluation): void
  /** At the run's end, whatever ended it: sends what is still to be sent. */
  close?(): Promise<void>
}

export interface Tracker<Name extends string = string, Options extends z.ZodRawShape = z.ZodRawShape> {
  /** What a recipe's `log` takes. */
  readonly name: Name
  /** One sentence, for the documentation. */
  readonly summary: string
  /** Its keys beside the name. */
  readonly options: Options
  // A method: the list holds trackers with options of their own.
  open(options: z.output<z.ZodObject<Options>>, context: TrackerContext): OpenTracker | Promise<OpenTracker>
}

/** Identity, with types. */
export const defineTracker = <const Name extends string, Options extends z.ZodRawShape>(
  tracker: Tracker<Name, Options>,
): Tracker<Name, Options> => tracker

/** The finite numbers of a line by their keys; the step is none of them. */
export const numbersOf = (line: LoggedStep | LoggedEvaluation): [key: string, value: number][] =>
  Object.entries(line).filter(([key, value]) => key !== 'step' && Number.isFinite(value)) as [string, number][]
