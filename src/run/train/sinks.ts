/** Where a run's numbers go besides metrics.jsonl. */
import os from 'node:os'
import { join } from 'node:path'
import type { Recipe } from '../../recipe/schema.js'
import { eventFileHeader, scalarsRecord } from '../../trackers/tensorboard.js'
import type { Disk } from '../store/disk.js'
import type { History } from '../store/history.js'
import type { AnyEvaluation, AnyStep } from '../store/recorder.js'
import type { RunPaths } from '../store/run-directory.js'

export interface Sink {
  step(metrics: AnyStep['metrics']): void
  evaluation(metrics: AnyEvaluation['metrics']): void
}

type Past = History<AnyStep['metrics'], AnyEvaluation['metrics']>

function scalars(prefix: string, metrics: object): Record<string, number> {
  const numbers = Object.entries(metrics).filter(([name, value]) => name !== 'step' && Number.isFinite(value))
  return Object.fromEntries(numbers.map(([name, value]) => [`${prefix}/${name}`, value as number]))
}

/** One event file, written anew from the history at every start: a resumed run shows no cut-off steps. */
function tensorboardSink(disk: Disk, paths: RunPaths, history: Past): Sink {
  const started = Date.now() / 1000
  const file = join(paths.tensorboard, `events.out.tfevents.${Math.floor(started)}.${os.hostname()}.${process.pid}`)
  const stepRecord = (metrics: AnyStep['metrics']) =>
    scalarsRecord(metrics.step, Date.parse(metrics.time) / 1000, scalars('train', metrics))
  const evaluationRecord = (metrics: AnyEvaluation['metrics']) =>
    scalarsRecord(metrics.step, Date.now() / 1000, scalars('eval', metrics))
  const past = [...history.steps.map(stepRecord), ...history.evaluations.map(evaluationRecord)]
  disk.remove(paths.tensorboard)
  disk.makeDirectory(paths.tensorboard)
  disk.write(file, Buffer.concat([eventFileHeader(started), ...past]))
  return {
    step: (metrics) => disk.append(file, stepRecord(metrics)),
    evaluation: (metrics) => disk.append(file, evaluationRecord(metrics)),
  }
}

const openers: Record<Recipe['log'][number], (disk: Disk, paths: RunPaths, history: Past) => Sink> = {
  tensorboard: tensorboardSink,
}

/** Opens the recipe's sinks and gives them what happened so far. */
export function openSinks(disk: Disk, paths: RunPaths, recipe: Pick<Recipe, 'log'>, history: Past): Sink[] {
  return recipe.log.map((name) => openers[name](disk, paths, history))
}
