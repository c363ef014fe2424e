/**
 * Writes down what the training loop says, and decides when its state is saved. The loop waits while an event is
 * handled, so a checkpoint holds exactly the state after the event's step.
 */
import type { OpenTracker } from '../../trackers/tracker.js'
import type { Backend } from '../../train/backend.js'
import type { TrainEvent } from '../../train/events.js'
import {
  bestCheckpoint,
  isBetter,
  listCheckpoints,
  retainCheckpoints,
  type SavedLoopState,
  writeCheckpoint,
} from './checkpoint.js'
import type { Disk } from './disk.js'
import { toJsonLine } from './json-lines.js'
import type { RunPaths } from './run-directory.js'

export interface AnyStep {
  type: 'step'
  /** `time`: ISO 8601. */
  metrics: { step: number; time: string }
}

export interface AnyEvaluation {
  type: 'eval'
  metrics: { step: number }
}

type Progress = Exclude<TrainEvent, AnyStep | AnyEvaluation>

/** What a run tells the world. */
export type RunEventOf<Step extends AnyStep, Evaluation extends AnyEvaluation> = Progress | Step | Evaluation

/** What its loop yields: the same, each step with the state to continue from. */
export type LoopEventOf<Step extends AnyStep, Evaluation extends AnyEvaluation> =
  | Progress
  | Evaluation
  | (Step & { state: SavedLoopState })

type TrainStep = Extract<TrainEvent, { type: 'step' }>
type TrainEvaluation = Extract<TrainEvent, { type: 'eval' }>
export type LoopEvent = LoopEventOf<TrainStep, TrainEvaluation>

export interface BestBy {
  metric: string
  evaluated: boolean
}

/** When a run is saved, and what of it is written beside metrics.jsonl. */
export interface RunRecord<Step extends AnyStep, Evaluation extends AnyEvaluation> {
  checkpointDue(step: number): boolean
  /** The loop and the run agree on it: a checkpoint of a step waits for that step's evaluation. */
  evaluationDue(step: number): boolean
  /**
   * The metric that chooses the best checkpoint, given an evaluation of the run where there is one, and whether it is an
   * evaluation's; a better one than any before is then kept whatever the interval.
   */
  bestBy(evaluation: Evaluation['metrics'] | undefined): BestBy
  /** Its value at a step, where it was measured. */
  bestValue(by: BestBy, metrics: Step['metrics'], evaluation: Evaluation['metrics'] | undefined): number | undefined
  /**
   * Given the run's lines so far, what to warn of after each further one. The whole past counts, so a resumed run warns as
   * one that was never interrupted.
   */
  watch?(past: readonly Step['metrics'][]): (metrics: Step['metrics']) => string[]
  /** Writes what a step leaves besides its metrics. */
  writeStep?(disk: Disk, paths: RunPaths, event: Step): void
}

/** What a checkpoint is written from. */
export type SavedStep<Step extends AnyStep> = Pick<Step, 'metrics'> & { state: SavedLoopState }

export interface Recorder<Step extends AnyStep, Evaluation extends AnyEvaluation> {
  handle(event: LoopEventOf<Step, Evaluation>): Promise<void>
  /** Saves the last step's state where no checkpoint has it yet. Only while the backend still is in that state. */
  finish(): Promise<void>
}

export function createRecorder<Step extends AnyStep, Evaluation extends AnyEvaluation>(setup: {
  disk: Disk
  paths: RunPaths
  record: RunRecord<Step, Evaluation>
  /** Checkpoints kept. */
  keep: number
  backend: Backend
  trackers: OpenTracker
  onEvent: (event: RunEventOf<Step, Evaluation>) => void
  /** The lines of the steps before. */
  past?: readonly Step['metrics'][]
  /** The last evaluation before, where there is one. */
  evaluation?: Evaluation['metrics']
  /** The step that the run goes on behind, where its evaluation is still to come. */
  unevaluated?: SavedStep<Step>
}): Recorder<Step, Evaluation> {
  const { disk, paths, record, keep, backend, trackers, onEvent, unevaluated, past = [] } = setup
  const warningsAfter = record.watch?.(past) ?? (() => [])
  let by = record.bestBy(setup.evaluation)
  let last: SavedStep<Step> | undefined = unevaluated
  let saved: number | undefined = unevaluated?.metrics.step
  const evaluated = new Map<number, Evaluation['metrics']>()

  function valueAt({ metrics }: SavedStep<Step>): number | undefined {
    const value = record.bestValue(by, metrics, evaluated.get(metrics.step))
    return Number.isFinite(value) ? value : undefined
  }

  async function save(event: SavedStep<Step>): Promise<void> {
    const { step } = event.metrics
    onEvent({ type: 'phase', step, phase: 'checkpoint' })
    await writeCheckpoint(disk, paths, {
      loop: event.state,
      metric: by.metric,
      value: valueAt(event),
      save: (directory) => backend.save(directory, { optimizer: true }),
    })
    saved = step
    retainCheckpoints(disk, paths, keep, by.metric)
  }

  /** A better evaluation than any before is kept whatever the interval; a step's own value is too noisy for that. */
  function isNewBest(event: SavedStep<Step>): boolean {
    const value = by.evaluated ? valueAt(event) : undefined
    if (value === undefined) return false
    const best = bestCheckpoint(listCheckpoints(paths), by.metric)
    return best?.value === undefined || isBetter(by.metric, value, best.value)
  }

  async function saveWhereDue(event: SavedStep<Step>): Promise<void> {
    const { step } = event.metrics
    if (record.evaluationDue(step) && !evaluated.has(step)) return
    if (record.checkpointDue(step) || isNewBest(event)) await save(event)
  }

  function warn(event: Extract<Progress, { type: 'warning' }>): void {
    const { step, message } = event
    disk.append(paths.warnings, toJsonLine({ step, time: new Date().toISOString(), message }))
    onEvent(event)
  }

  return {
    async handle(event) {
      if (event.type === 'step') {
        const { metrics } = event
        for (const message of warningsAfter(metrics)) warn({ type: 'warning', step: metrics.step, message })
        record.writeStep?.(disk, paths, event)
        disk.append(paths.metrics, toJsonLine(metrics))
        trackers.step(metrics)
        last = event
        onEvent(event)
        await saveWhereDue(event)
      } else if (event.type === 'eval') {
        const { metrics } = event
        by = record.bestBy(metrics)
        disk.append(paths.evaluations, toJsonLine(metrics))
        trackers.evaluation(metrics)
        evaluated.set(metrics.step, metrics)
        onEvent(event)
        // A checkpoint waits for its evaluation; only an interrupted run has one without, which is written anew.
        if (last?.metrics.step === metrics.step) await saveWhereDue(last)
      } else if (event.type === 'warning') warn(event)
      else onEvent(event)
    },
    async finish() {
      if (last && saved !== last.metrics.step) await save(last)
    },
  }
}
