/**
 * Writes down what the training loop says, and decides when its state is saved. The loop waits while an event is
 * handled, so a checkpoint holds exactly the state after the event's step.
 */
import { join } from 'node:path'
import type { Recipe } from '../config/recipe.js'
import { bestMetric, checkpointDue, evaluationDue } from '../config/schedule.js'
import type { Backend } from '../train/backend.js'
import type { EvalMetrics, TrainEvent } from '../train/events.js'
import {
  bestCheckpoint,
  listCheckpoints,
  retainCheckpoints,
  type SavedLoopState,
  writeCheckpoint,
} from './checkpoint.js'
import { type Disk, replaceFile } from './disk.js'
import { toJsonLine } from './json-lines.js'
import { rolloutParquet } from './rollout-file.js'
import { type RunPaths, stepName } from './run-directory.js'
import type { Sink } from './sinks.js'

/** What the loop yields: its events, each step with the state to continue from. */
export type LoopEvent = Exclude<TrainEvent, { type: 'step' }> | StepEvent
export type StepEvent = Extract<TrainEvent, { type: 'step' }> & { state: SavedLoopState }

export interface Recorder {
  handle(event: LoopEvent): Promise<void>
  /** Saves the last step's state where no checkpoint has it yet. Only while the backend still is in that state. */
  finish(): Promise<void>
}

export function createRecorder(setup: {
  disk: Disk
  paths: RunPaths
  recipe: Recipe
  backend: Backend
  sinks: readonly Sink[]
  onEvent: (event: TrainEvent) => void
}): Recorder {
  const { disk, paths, recipe, backend, sinks, onEvent } = setup
  const metric = bestMetric(recipe)
  let last: StepEvent | undefined
  let saved: number | undefined
  const evaluated = new Map<number, EvalMetrics>()

  /** This step's value of the metric that chooses the best, where it was measured. */
  function valueAt(event: StepEvent): number | undefined {
    const value = metric === 'reward_mean' ? event.metrics.reward_mean : evaluated.get(event.metrics.step)?.[metric]
    return Number.isFinite(value) ? value : undefined
  }

  async function save(event: StepEvent): Promise<void> {
    const { step } = event.metrics
    onEvent({ type: 'phase', step, phase: 'checkpoint' })
    await writeCheckpoint(disk, paths, {
      loop: event.state,
      metric,
      value: valueAt(event),
      save: (directory) => backend.save(directory, { optimizer: true }),
    })
    saved = step
    retainCheckpoints(disk, paths, recipe.checkpoint.keep, metric)
  }

  /** A better evaluation than any before is kept whatever the interval; a step's reward is too noisy for that. */
  function isNewBest(event: StepEvent): boolean {
    const value = metric === 'reward_mean' ? undefined : valueAt(event)
    if (value === undefined) return false
    const best = bestCheckpoint(listCheckpoints(paths), metric)
    return best?.value === undefined || value > best.value
  }

  async function saveWhereDue(event: StepEvent): Promise<void> {
    const { step } = event.metrics
    if (evaluationDue(recipe, step) && !evaluated.has(step)) return
    if (checkpointDue(recipe, step) || isNewBest(event)) await save(event)
  }

  return {
    async handle(event) {
      if (event.type === 'step') {
        const { metrics, rollouts } = event
        replaceFile(
          disk,
          join(paths.rollouts, `${stepName(metrics.step)}.parquet`),
          rolloutParquet(rollouts, metrics.step),
        )
        disk.append(paths.metrics, toJsonLine(metrics))
        for (const sink of sinks) sink.step(metrics)
        last = event
        onEvent(event)
        await saveWhereDue(event)
      } else if (event.type === 'eval') {
        disk.append(paths.evaluations, toJsonLine(event.metrics))
        for (const sink of sinks) sink.evaluation(event.metrics)
        evaluated.set(event.metrics.step, event.metrics)
        onEvent(event)
        if (last?.metrics.step === event.metrics.step && saved !== event.metrics.step) await saveWhereDue(last)
      } else {
        if (event.type === 'warning') {
          const { step, message } = event
          disk.append(paths.warnings, toJsonLine({ step, time: new Date().toISOString(), message }))
        }
        onEvent(event)
      }
    },
    async finish() {
      if (last && saved !== last.metrics.step) await save(last)
    },
  }
}
