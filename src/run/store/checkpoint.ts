/**
 * Checkpoints of a run: checkpoints/step-NNNNNN/ with model/ (a Hugging Face directory), the optimizer's state and
 * state.json. One is made under a partial name and renamed when it is whole and synced, and it is unnamed before it is
 * removed; so whatever carries the name is whole, at whatever moment the process was killed.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import type { Backend } from '../../train/backend.js'
import { readRecord, recordLine } from './checkpoint-record.js'
import { type Disk, guardedWrite } from './disk.js'
import { changedFile, type FileHashes, hashFiles } from './file-hashes.js'
import { type RunPaths, stepName, stepOf } from './run-directory.js'

/** What the training loop continues from, beside the backend. JSON; only the loop knows what is in it. */
export interface SavedLoopState {
  step: number
}

export interface Checkpoint {
  directory: string
  /** What a backend loads; also a Hugging Face directory for other tools. */
  model: string
  step: number
  metric: string
  value?: number
  loop: SavedLoopState
  /** Of its files; absent in a checkpoint of an earlier version. */
  files?: FileHashes
}

function readCheckpoint(directory: string, step: number): Checkpoint | { damage: string } {
  const record = readRecord(directory, step)
  if ('damage' in record) return record
  const { metric, value } = record.best
  return { directory, model: join(directory, 'model'), step, metric, value, loop: record.loop, files: record.files }
}

/** Every directory that has a checkpoint's name, oldest first. */
const directoriesOf = ({ checkpoints }: RunPaths): { directory: string; step: number }[] =>
  (existsSync(checkpoints) ? readdirSync(checkpoints) : [])
    .flatMap((name) => {
      const step = stepOf(name)
      return step === undefined ? [] : [{ directory: join(checkpoints, name), step }]
    })
    .sort((a, b) => a.step - b.step)

/** The whole checkpoints, oldest first. One whose state cannot be read is not among them. */
export const listCheckpoints = (paths: RunPaths): Checkpoint[] =>
  directoriesOf(paths).flatMap(({ directory, step }) => {
    const found = readCheckpoint(directory, step)
    return 'damage' in found ? [] : [found]
  })

/** A run cannot go on from a checkpoint of its own. */
export class DamagedCheckpoint extends UserError {}

/** What a run is resumed from. */
export interface ResumePoint {
  /** The last whole checkpoint; undefined where the run has none yet, and begins anew. */
  checkpoint?: Checkpoint
  /** Later checkpoints that cannot be read, and why. */
  skipped: { directory: string; damage: string }[]
}

/** @throws DamagedCheckpoint where checkpoints are there and none of them can be read: what the run did is not thrown away. */
export function findResumePoint(paths: RunPaths): ResumePoint {
  const checkpoint = listCheckpoints(paths).at(-1)
  const skipped = directoriesOf(paths).flatMap(({ directory, step }) => {
    const found = step > (checkpoint?.step ?? -1) ? readCheckpoint(directory, step) : undefined
    return found && 'damage' in found ? [{ directory, damage: found.damage }] : []
  })
  const [first] = skipped
  if (checkpoint === undefined && first !== undefined) {
    throw new DamagedCheckpoint(`${first.directory}: damaged: ${first.damage}`, {
      hint: `no checkpoint of the run can be read: start another by --run, or remove ${paths.checkpoints} to begin this one anew`,
    })
  }
  return { checkpoint, skipped }
}

/**
 * Brings the backend into the checkpoint's state. Its files are held against the hashes in state.json, where that has them.
 * `checkState` throws a UserError for a loop state that the loop cannot continue from.
 * @throws DamagedCheckpoint with the file that cannot be read and the way to go on from an older checkpoint
 */
export async function loadCheckpoint(
  backend: Backend,
  paths: RunPaths,
  checkpoint: Checkpoint,
  checkState: (loop: SavedLoopState) => void = () => {},
): Promise<void> {
  const { directory, step } = checkpoint
  const cause = await failureOf(async () => {
    within(join(directory, 'state.json'), () => checkState(checkpoint.loop))
    await backend.load(checkpoint.model, { optimizer: true })
  })
  const damage = cause instanceof UserError ? cause.message : await changedFile(directory, checkpoint.files ?? {})
  if (damage === undefined) {
    if (cause !== undefined) throw cause
    return
  }
  const older = listCheckpoints(paths).findLast((one) => one.step < step)
  throw new DamagedCheckpoint(`the checkpoint of step ${step} cannot be loaded: ${damage}`, {
    hint:
      older === undefined
        ? `it is the only one: restore the file, or start another run by --run`
        : `restore the file, or remove ${directory} and resume again: the run then goes on from ${older.directory}`,
    cause,
  })
}

/** @throws DamagedCheckpoint where a file of the model is not as it was saved. */
export async function requireIntactModel({ directory, step, files = {} }: Checkpoint): Promise<void> {
  const damage = await changedFile(directory, files, 'model/')
  if (damage === undefined) return
  throw new DamagedCheckpoint(`the checkpoint of step ${step} is damaged: ${damage}`, {
    hint: 'restore the file, or take another checkpoint',
  })
}

async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}

/** Names the file in front of what is wrong in it. */
function within(file: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${file}: ${error.message}`, { cause: error })
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
  const files = await guardedWrite(final, () => hashFiles(partial))
  disk.write(
    join(partial, 'state.json'),
    recordLine({ format: 1, step: loop.step, best: { metric, value }, loop, files }),
  )
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
