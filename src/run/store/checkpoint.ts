/**
 * Checkpoints of a run: checkpoints/step-NNNNNN/ with model/ (a Hugging Face directory), the optimizer's state and
 * state.json. One is made under a partial name and renamed when it is whole and synced, and it is unnamed before it is
 * removed; so whatever carries the name is whole, at whatever moment the process was killed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import type { Backend } from '../../train/backend.js'
import { type Disk, guardedWrite } from './disk.js'
import { toJsonLine } from './json-lines.js'
import { type RunPaths, stepName, stepOf } from './run-directory.js'

/** What the training loop continues from, beside the backend. JSON; only the loop knows what is in it. */
export interface SavedLoopState {
  step: number
}

/** state.json */
interface CheckpointRecord {
  format: 1
  step: number
  /** The metric that the best checkpoint is chosen by, and its value here, where it was measured at this step. */
  best: { metric: string; value?: number }
  loop: SavedLoopState
}

export interface Checkpoint {
  directory: string
  /** What a backend loads; also a Hugging Face directory for other tools. */
  model: string
  step: number
  metric: string
  value?: number
  loop: SavedLoopState
}

function readCheckpoint(directory: string, step: number): Checkpoint | undefined {
  try {
    const record = JSON.parse(readFileSync(join(directory, 'state.json'), 'utf8')) as CheckpointRecord
    if (record.format !== 1 || record.step !== step || record.loop.step !== step) return undefined
    if (!existsSync(join(directory, 'model'))) return undefined
    const { metric, value } = record.best
    return { directory, model: join(directory, 'model'), step, metric, value, loop: record.loop }
  } catch {
    return undefined
  }
}

/** The whole checkpoints, oldest first. One whose state cannot be read is not among them. */
export function listCheckpoints({ checkpoints }: RunPaths): Checkpoint[] {
  if (!existsSync(checkpoints)) return []
  return readdirSync(checkpoints)
    .flatMap((name) => {
      const step = stepOf(name)
      const found = step === undefined ? undefined : readCheckpoint(join(checkpoints, name), step)
      return found ?? []
    })
    .sort((a, b) => a.step - b.step)
}

/** A run cannot go on from a checkpoint of its own. */
export class DamagedCheckpoint extends UserError {}

/** What a run is resumed from. */
export interface ResumePoint {
  /** The last whole checkpoint; undefined where the run has none yet, and begins anew. */
  checkpoint?: Checkpoint
  /** Directories of later checkpoints that cannot be read. */
  skipped: string[]
}

/** @throws DamagedCheckpoint where checkpoints are there and none of them can be read: what the run did is not thrown away. */
export function findResumePoint(paths: RunPaths): ResumePoint {
  const checkpoint = listCheckpoints(paths).at(-1)
  const skipped = !existsSync(paths.checkpoints)
    ? []
    : readdirSync(paths.checkpoints)
        .filter((name) => (stepOf(name) ?? -1) > (checkpoint?.step ?? -1))
        .sort()
        .map((name) => join(paths.checkpoints, name))
  if (checkpoint === undefined && skipped.length > 0) {
    throw new DamagedCheckpoint(`${skipped[0]}: damaged: no state.json and model/ of that step`, {
      hint: `no checkpoint of the run can be read: start another by --run, or remove ${paths.checkpoints} to begin this one anew`,
    })
  }
  return { checkpoint, skipped }
}

/**
 * Brings the backend into the checkpoint's state.
 * @throws DamagedCheckpoint with the file that cannot be read and the way to go on from an older checkpoint
 */
export async function loadCheckpoint(backend: Backend, paths: RunPaths, checkpoint: Checkpoint): Promise<void> {
  try {
    await backend.load(checkpoint.model, { optimizer: true })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { directory, step } = checkpoint
    const older = listCheckpoints(paths).findLast((one) => one.step < step)
    throw new DamagedCheckpoint(`the checkpoint of step ${step} cannot be loaded: ${error.message}`, {
      hint:
        older === undefined
          ? `it is the only one: restore the file, or start another run by --run`
          : `restore the file, or remove ${directory} and resume again: the run then goes on from ${older.directory}`,
      cause: error,
    })
  }
}

/** A loss is better when it is smaller, everything else when it is larger. */
export const isBetter = (metric: string, value: number, than: number): boolean =>
  metric.endsWith('loss') ? value < than : value > than

/** The best value by `metric`; of equal ones the earliest. */
export function bestCheckpoint(checkpoints: readonly Checkpoint[], metric: string): Checkpoint | undefined {
  let best: Checkpoint | undefined
  for (const checkpoint of checkpoints) {
    if (checkpoint.metric !== metric || checkpoint.value === undefined) continue
    if (best?.value === undefined || isBetter(metric, checkpoint.value, best.value)) best = checkpoint
  }
  return best
}

/**
 * Writes the checkpoint of `loop.step`. `save` writes the model and the optimizer's state into the directory it is
 * given (`model`), or beside it.
 */
export async function writeCheckpoint(
  disk: Disk,
  paths: RunPaths,
  content: { loop: SavedLoopState; metric: string; value?: number; save: (directory: string) => Promise<void> },
): Promise<void> {
  const { loop, metric, value, save } = content
  const name = stepName(loop.step)
  const final = join(paths.checkpoints, name)
  const partial = join(paths.checkpoints, `.${name}.partial`)
  disk.remove(partial)
  disk.makeDirectory(join(partial, 'model'))
  await guardedWrite(final, () => save(join(partial, 'model')))
  const record: CheckpointRecord = { format: 1, step: loop.step, best: { metric, value }, loop }
  disk.write(join(partial, 'state.json'), toJsonLine(record))
  disk.syncTree(partial)
  // Only a checkpoint that could not be read can be in the way: the loop never repeats a step that was saved.
  if (existsSync(final)) removeCheckpoint(disk, paths, name)
  disk.rename(partial, final)
}

function removeCheckpoint(disk: Disk, paths: RunPaths, name: string): void {
  const unnamed = join(paths.checkpoints, `.${name}.removed`)
  disk.remove(unnamed)
  disk.rename(join(paths.checkpoints, name), unnamed)
  disk.remove(unnamed)
}

/** Removes all but the newest `keep` checkpoints and the best one. */
export function retainCheckpoints(disk: Disk, paths: RunPaths, keep: number, metric: string): void {
  const checkpoints = listCheckpoints(paths)
  const best = bestCheckpoint(checkpoints, metric)
  for (const checkpoint of checkpoints.slice(0, -keep)) {
    if (checkpoint !== best) removeCheckpoint(disk, paths, stepName(checkpoint.step))
  }
}

/** Removes what a killed process left half made or half removed, and checkpoints after `step` (damaged ones). */
export function clearCheckpointsAfter(disk: Disk, paths: RunPaths, step: number): void {
  if (!existsSync(paths.checkpoints)) return
  for (const name of readdirSync(paths.checkpoints)) {
    if (/^\.step-.*\.(partial|removed)$/.test(name)) disk.remove(join(paths.checkpoints, name))
    else if ((stepOf(name) ?? -1) > step) removeCheckpoint(disk, paths, name)
  }
}
