/**
 * A run, composed: the recipe's parts are opened, the loop runs, and what it says is written down.
 *
 *   plan -> run directory -> parts (backend, tasks, tokenizer) -> loop -> recorder -> summary
 *
 * A run is resumed by loading the last whole checkpoint into the backend, cutting what was written after it, and
 * giving its state to the loop: from there the same steps follow as without the interruption.
 */
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { stringify } from 'yaml'
import { UserError } from '../config/errors.js'
import { loadRecipe } from '../config/index.js'
import type { Recipe } from '../config/recipe.js'
import { bestMetric } from '../config/schedule.js'
import type { TrainEvent } from '../train/events.js'
import { type Checkpoint, listCheckpoints, retainCheckpoints } from './checkpoint.js'
import { requireCompatible } from './compatible.js'
import { cutRun } from './cut-run.js'
import { type Disk, realDisk, replaceFile } from './disk.js'
import { describeStart, environmentWarnings, nextEnvironment } from './environment.js'
import { readEnvironment, readHistory } from './history.js'
import { type OpenParts, openParts, type Parts } from './parts.js'
import { createRecorder } from './recorder.js'
import {
  defaultRunDirectory,
  latestRunDirectory,
  type RunPaths,
  requireFresh,
  requireRun,
  runPaths,
} from './run-directory.js'
import { lockRun } from './run-lock.js'
import { openSinks } from './sinks.js'
import { type Summary, summarize } from './summary.js'

export interface TrainOptions {
  /** Default: runs/NAME-TIMESTAMP; with `resume`, the newest run of the recipe's name. */
  runDirectory?: string
  /** Continue the run in `runDirectory` from its last checkpoint. */
  resume?: boolean
  /** Ends the run at the next safe point, with a checkpoint. */
  signal?: AbortSignal
  /** Called with every event after it is on disk, the events of a resumed run's past not included. */
  onEvent?: (event: TrainEvent) => void
  /** Called once, with the run's directory and the steps it has behind it. */
  onStart?: (start: { runDirectory: string; step: number }) => void
  /** Recorded in environment.json. */
  argv?: string[]
  /** For tests and other engines: how the recipe's parts are opened, and how the disk is written. */
  openParts?: OpenParts
  disk?: Disk
}

function runDirectoryOf(recipe: Recipe, options: TrainOptions): string {
  if (options.runDirectory !== undefined) return options.runDirectory
  const name = recipe.name ?? 'run'
  if (!options.resume) return defaultRunDirectory(name, new Date())
  const latest = latestRunDirectory(name)
  if (latest === undefined) {
    throw new UserError(`no run of ${name} under runs/`, { hint: 'name the run to continue by --run DIR' })
  }
  return latest
}

/** The recipe comes first: a directory with one is a run, whatever else was not written before a kill. */
function createRun(disk: Disk, paths: RunPaths, recipe: Recipe): void {
  replaceFile(disk, paths.config, stringify(recipe))
  disk.makeDirectory(paths.rollouts)
  disk.makeDirectory(paths.checkpoints)
}

/** Back to the last whole checkpoint; undefined where there is none and the run begins anew. */
function rewind(disk: Disk, paths: RunPaths, recipe: Recipe): Checkpoint | undefined {
  const checkpoint = listCheckpoints(paths).at(-1)
  // Before the first step only step 0's evaluation exists; it is measured again.
  cutRun(disk, paths, checkpoint?.step ?? -1)
  retainCheckpoints(disk, paths, recipe.checkpoint.keep, bestMetric(recipe))
  return checkpoint
}

async function loadBackend(parts: Parts, recipe: Recipe, checkpoint: Checkpoint | undefined): Promise<void> {
  // The reference is the policy that the run began with, so it is frozen before a checkpoint is loaded.
  if (recipe.algorithm.klCoef > 0) await parts.backend.freezeReference()
  if (checkpoint) await parts.backend.load(checkpoint.model, { optimizer: true })
}

/** A loop that failed with the policy untouched since its last step says so on its error. */
const leavesPolicyUnchanged = (error: unknown) => (error as { policyUnchanged?: boolean }).policyUnchanged === true

/** Runs the loop from the checkpoint (or its beginning) to its end, and writes down what it says. */
async function runLoop(
  recipe: Recipe,
  parts: Parts,
  paths: RunPaths,
  checkpoint: Checkpoint | undefined,
  options: TrainOptions,
): Promise<void> {
  const { disk = realDisk, onEvent = () => {}, signal } = options
  const step = checkpoint?.step ?? 0
  const previous = readEnvironment(paths)
  const start = describeStart(parts.backend.info, step, recipe.seed, options.argv ?? [])
  for (const message of environmentWarnings(previous, start)) onEvent({ type: 'warning', step, message })
  replaceFile(disk, paths.environment, `${JSON.stringify(nextEnvironment(previous, start), null, 2)}\n`)

  await loadBackend(parts, recipe, checkpoint)
  const sinks = openSinks(disk, paths, recipe, readHistory(paths))
  const recorder = createRecorder({ disk, paths, recipe, backend: parts.backend, sinks, onEvent })
  try {
    for await (const event of parts.loop({ state: checkpoint?.loop, signal })) await recorder.handle(event)
  } catch (error) {
    if (leavesPolicyUnchanged(error)) await recorder.finish()
    throw error
  }
  await recorder.finish()
}

/** A directory made for a run that never began (no such model) is not left behind. */
function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory)
}

/**
 * Trains as the recipe says and writes the run to its directory.
 * @throws UserError for a directory in use, or a recipe that differs from the resumed run's; Failure for a full disk.
 */
export async function train(recipe: Recipe, options: TrainOptions = {}): Promise<Summary> {
  const { disk = realDisk, signal } = options
  const paths = runPaths(runDirectoryOf(recipe, options))
  if (options.resume) {
    requireRun(paths.directory)
    requireCompatible(loadRecipe(paths.config), recipe)
  } else {
    requireFresh(paths.directory)
  }
  disk.makeDirectory(paths.directory)
  const unlock = lockRun(paths.directory)
  try {
    const done = options.resume ? (listCheckpoints(paths).at(-1)?.step ?? 0) : 0
    const parts = done < recipe.train.steps ? await (options.openParts ?? openParts)(recipe, { signal }) : undefined
    try {
      createRun(disk, paths, recipe)
      const checkpoint = options.resume ? rewind(disk, paths, recipe) : undefined
      options.onStart?.({ runDirectory: paths.directory, step: checkpoint?.step ?? 0 })
      if (parts) await runLoop(recipe, parts, paths, checkpoint, options)
    } finally {
      await parts?.close()
    }
    return summarize(paths, recipe)
  } finally {
    unlock()
    removeIfEmpty(paths.directory)
  }
}
