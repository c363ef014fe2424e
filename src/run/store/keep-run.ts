/**
 * A run on disk, composed, whatever it trains: its parts are opened, the loop runs, and what it says is written down.
 *
 *   run directory -> parts (backend, data, tokenizer) -> loop -> recorder -> summary
 *
 * A run is resumed by loading the last whole checkpoint into the backend, cutting what was written after it, and
 * giving its state to the loop: from there the same steps follow as without the interruption.
 */
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { stringify } from 'yaml'
import { UserError } from '../../base/errors.js'
import type { Recipe } from '../../recipe/schema.js'
import { openTrackers } from '../../trackers/index.js'
import type { TrackerContext } from '../../trackers/tracker.js'
import type { Backend, BackendInfo } from '../../train/backend.js'
import {
  findResumePoint,
  loadCheckpoint,
  type ResumePoint,
  retainCheckpoints,
  type SavedLoopState,
} from './checkpoint.js'
import { noRecord } from './checkpoint-record.js'
import { cutRun } from './cut-run.js'
import { type Disk, realDisk, replaceFile } from './disk.js'
import { describeStart, environmentWarnings, nextEnvironment } from './environment.js'
import { gapsOf } from './gaps.js'
import { readEnvironment, readHistory } from './history.js'
import {
  type AnyEvaluation,
  type AnyStep,
  createRecorder,
  type LoopEventOf,
  type RunEventOf,
  type RunRecord,
} from './recorder.js'
import {
  defaultRunDirectory,
  latestRunDirectory,
  type RunPaths,
  requireFresh,
  requireRun,
  runPaths,
} from './run-directory.js'
import { lockRun } from './run-lock.js'

/** What every kind of recipe has. */
export type RunRecipe = Pick<Recipe, 'name' | 'seed' | 'log'> & { checkpoint: { keep: number } }

/** `evaluate`: the saved step's evaluation, which an interruption left out, comes first. */
export interface LoopStart {
  state?: SavedLoopState
  evaluate?: boolean
  signal?: AbortSignal
}

export interface OpenRun<Step extends AnyStep, Evaluation extends AnyEvaluation> {
  backend: Backend
  /** From its beginning or from a saved state, which the backend is in already. See {@link Parts} for what it keeps to. */
  loop(start: LoopStart): AsyncIterable<LoopEventOf<Step, Evaluation>>
  /** @throws UserError that names what of a saved state the loop cannot continue from. */
  checkState?(state: SavedLoopState): void
  close(): Promise<void>
}

/** A kind of run: what is trained and how it is told. */
export interface RunKind<Step extends AnyStep, Evaluation extends AnyEvaluation, Sum>
  extends RunRecord<Step, Evaluation> {
  /** Written to config.yaml. */
  recipe: RunRecipe
  /** What the numbers of its lines mean, for trackers. */
  describe: TrackerContext['describe']
  steps: number
  /** @throws UserError where the run of `config` (a config.yaml) may not go on under this recipe. */
  requireCompatible(config: string): void
  /** Warnings for a resumed run whose earlier evaluations measure something else than later ones will. */
  historyWarnings?(evaluations: readonly Evaluation['metrics'][]): string[]
  open(options: { signal?: AbortSignal; directory?: string }): Promise<OpenRun<Step, Evaluation>>
  /** What is done to the policy that the run begins with, before a checkpoint is loaded. */
  prepare?(backend: Backend): Promise<void>
  summarize(paths: RunPaths): Sum
}

export interface RunBegin {
  runDirectory: string
  step: number
  engine?: BackendInfo
}

export interface KeepOptions<Event> {
  /** Default: runs/NAME-TIMESTAMP; with `resume`, the newest run of the recipe's name. */
  runDirectory?: string
  /** Continue the run in `runDirectory` from its last checkpoint. */
  resume?: boolean
  /** Ends the run at the next safe point, with a checkpoint. */
  signal?: AbortSignal
  /** Called with every event after it is on disk, the events of a resumed run's past not included. */
  onEvent?: (event: Event) => void
  /** Called once, with the run's directory, the steps it has behind it, and what runs it where any step is left. */
  onStart?: (start: RunBegin) => void
  /** Recorded in environment.json. */
  argv?: string[]
  /** For tests: how the disk is written. */
  disk?: Disk
}

/** Where a run is to be written, or where the one that is continued lies. */
export function runDirectoryOf(recipe: RunRecipe, options: { runDirectory?: string; resume?: boolean }): string {
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
function createRun(disk: Disk, paths: RunPaths, recipe: RunRecipe, withRollouts: boolean): void {
  replaceFile(disk, paths.config, stringify(recipe))
  if (withRollouts) disk.makeDirectory(paths.rollouts)
  disk.makeDirectory(paths.checkpoints)
}

/** Back to the checkpoint; where there is none, to the run's beginning. */
function rewind(disk: Disk, paths: RunPaths, { checkpoint }: ResumePoint, keep: number, metric: string): void {
  // Before the first step only step 0's evaluation exists; it is measured again.
  cutRun(disk, paths, checkpoint?.step ?? -1)
  retainCheckpoints(disk, paths, keep, metric)
}

/** Of the run in this directory, whatever kind it is. */
const lastEvaluation = <Step extends AnyStep, Evaluation extends AnyEvaluation, Sum>(
  _kind: RunKind<Step, Evaluation, Sum>,
  paths: RunPaths,
) => readHistory<Step['metrics'], Evaluation['metrics']>(paths).evaluations.at(-1)

/** Whether a run was interrupted between a step and its evaluation. */
function awaitsEvaluation<Step extends AnyStep, Evaluation extends AnyEvaluation, Sum>(
  kind: RunKind<Step, Evaluation, Sum>,
  paths: RunPaths,
  step: number,
): boolean {
  const { evaluations } = readHistory<Step['metrics'], Evaluation['metrics']>(paths)
  return step > 0 && kind.evaluationDue(step) && !evaluations.some((line) => line.step === step)
}

/** @throws UserError where the step has no line: the choice of the best checkpoint needs it. */
function metricsAt<Metrics extends { step: number }>(
  paths: RunPaths,
  lines: readonly Metrics[],
  step: number,
): Metrics {
  const line = lines.findLast((one) => one.step === step)
  if (line !== undefined) return line
  throw new UserError(`${paths.metrics}: has no line of step ${step}, whose evaluation is still to come`, {
    hint: 'restore the file, or start another run with --run',
  })
}

/** A loop that failed with the policy untouched since its last step says so on its error. */
const leavesPolicyUnchanged = (error: unknown) => (error as { policyUnchanged?: boolean }).policyUnchanged === true

/** Runs the loop from the checkpoint (or its beginning) to its end, and writes down what it says. */
async function runLoop<Step extends AnyStep, Evaluation extends AnyEvaluation, Sum>(
  kind: RunKind<Step, Evaluation, Sum>,
  run: OpenRun<Step, Evaluation>,
  paths: RunPaths,
  { checkpoint, skipped }: ResumePoint,
  options: KeepOptions<RunEventOf<Step, Evaluation>>,
): Promise<void> {
  const { disk = realDisk, onEvent = () => {}, signal } = options
  const { recipe } = kind
  const step = checkpoint?.step ?? 0
  const history = readHistory<Step['metrics'], Evaluation['metrics']>(paths)
  const previous = readEnvironment(paths)
  const start = describeStart(run.backend.info, step, recipe.seed, options.argv ?? [])
  const warnings = [
    ...skipped.map(
      ({ directory, damage }) =>
        `${directory} is damaged${damage === noRecord ? '' : ` (${damage})`} and left out: the run goes on after step ${step}`,
    ),
    ...(options.resume && !checkpoint ? ['there is no checkpoint to go on from: the run begins anew'] : []),
    ...gapsOf(paths, history.steps, step),
    ...environmentWarnings(previous, start),
    ...(kind.historyWarnings?.(history.evaluations) ?? []),
  ]
  for (const message of warnings) onEvent({ type: 'warning', step, message })
  replaceFile(disk, paths.environment, `${JSON.stringify(nextEnvironment(previous, start), null, 2)}\n`)

  await kind.prepare?.(run.backend)
  if (checkpoint) await loadCheckpoint(run.backend, paths, checkpoint, run.checkState)
  const unevaluated =
    checkpoint && awaitsEvaluation(kind, paths, step)
      ? { metrics: metricsAt(paths, history.steps, step), state: checkpoint.loop }
      : undefined
  const trackers = await openTrackers(recipe.log, {
    directory: paths.directory,
    files: disk,
    past: history,
    recipe,
    describe: kind.describe,
    warn: (message) => onEvent({ type: 'warning', step, message }),
  })
  const recorder = createRecorder({
    disk,
    paths,
    record: kind,
    keep: recipe.checkpoint.keep,
    backend: run.backend,
    trackers,
    onEvent,
    past: history.steps,
    evaluation: history.evaluations.at(-1),
    unevaluated,
  })
  try {
    const start = { state: checkpoint?.loop, evaluate: unevaluated !== undefined, signal }
    for await (const event of run.loop(start)) await recorder.handle(event)
  } catch (error) {
    if (leavesPolicyUnchanged(error)) await recorder.finish()
    throw error
  } finally {
    await trackers.close()
  }
  await recorder.finish()
}

/** A directory made for a run that never began (no such model) is not left behind. */
function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory)
}

/**
 * Trains and writes the run to its directory.
 * @throws UserError for a directory in use, a recipe that differs from the resumed run's, or a damaged checkpoint;
 *   Failure for a full disk.
 */
export async function keepRun<Step extends AnyStep, Evaluation extends AnyEvaluation, Sum>(
  kind: RunKind<Step, Evaluation, Sum>,
  options: KeepOptions<RunEventOf<Step, Evaluation>> = {},
): Promise<Sum> {
  const { disk = realDisk, signal } = options
  const paths = runPaths(runDirectoryOf(kind.recipe, options))
  if (options.resume) {
    requireRun(paths.directory)
    kind.requireCompatible(paths.config)
  } else {
    requireFresh(paths.directory)
  }
  disk.makeDirectory(paths.directory)
  const unlock = lockRun(paths.directory)
  try {
    const from: ResumePoint = options.resume ? findResumePoint(paths) : { skipped: [] }
    const done = from.checkpoint?.step ?? 0
    if (done > kind.steps) {
      throw new UserError(`${paths.directory}: has ${done} steps behind it, and ${kind.steps} are asked for`, {
        hint: `ask for at least ${done} steps, or begin another run by --run`,
      })
    }
    const unfinished = done < kind.steps || awaitsEvaluation(kind, paths, done)
    const run = unfinished ? await kind.open({ signal, directory: paths.directory }) : undefined
    try {
      createRun(disk, paths, kind.recipe, kind.writeStep !== undefined)
      const { keep } = kind.recipe.checkpoint
      if (options.resume) rewind(disk, paths, from, keep, kind.bestBy(lastEvaluation(kind, paths)).metric)
      options.onStart?.({ runDirectory: paths.directory, step: done, engine: run?.backend.info })
      if (run) await runLoop(kind, run, paths, from, options)
    } finally {
      await run?.close()
    }
    return kind.summarize(paths)
  } finally {
    unlock()
    removeIfEmpty(paths.directory)
  }
}
