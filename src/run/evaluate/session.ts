/**
 * An evaluation from beginning to end: models and data are opened and the cost is told; then, a model at a time, windows
 * of problems are sampled, graded and written down; then come the figures.
 *
 * A window is as many problems as fill one batch, at most an eighth of a data set, and which problems share one is fixed
 * by the settings. So a resumed evaluation computes what an uninterrupted one would have, bit for bit on the same CPU
 * with the same threads, and loses no more than the window that was under way.
 */
import { existsSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { respond } from '../../evaluate/respond.js'
import type { OpenModel } from '../../model/types.js'
import { openModelWithProgress } from '../../rollout/model-thread.js'
import type { ExactSampler } from '../../rollout/sampler-kind.js'
import type { TaskSpec } from '../../task/spec.js'
import type { BackendInfo } from '../../train/backend.js'
import { openLocalBackend } from '../../train/local/backend.js'
import type { ComputeType } from '../plan/resolve-dtype.js'
import { type EngineAsked, samplingEngine, toldEngine } from '../plan/sampling-engine.js'
import { type Disk, realDisk, replaceFile } from '../store/disk.js'
import { describeStart, nextEnvironment, type RunEnvironment } from '../store/environment.js'
import { readJsonFile } from '../store/json-file.js'
import { lockRun } from '../store/run-lock.js'
import { type DataOptions, openData } from './data.js'
import { type EvalPaths, evalPaths, memoryJournal, openJournal, prepareDirectory, readManifest } from './directory.js'
import { type CheckpointChoice, findModels, requireIntact } from './model.js'
import { describeModels, type EvalPlan, type Job, placed, planOf } from './plan.js'
import { type EvalProgress, type Progress, trackProgress } from './progress.js'
import { describeData, type EvalResults, type Evaluated, makeResults, responsesParquet } from './results.js'
import { checkSettings, type EvalSettings } from './settings.js'

/** What a model needs to be evaluated; this machine's engine by default. */
export interface EvalEngine extends ExactSampler {
  info: BackendInfo
  close(): Promise<void>
}

export interface EvalOptions extends Partial<EvalSettings>, Omit<DataOptions, 'settings' | 'chat'> {
  /** Run directories, checkpoints, model directories, files or names. */
  models: readonly string[]
  /** A PEFT adapter to put on each of them, its directory or a hub id; an adapter may be named as a model, too. */
  adapter?: string
  /** Public data sets, files, tasks, recipes or runs. */
  data: readonly (string | TaskSpec)[]
  /** Which of a run's checkpoints. Default: the best. */
  checkpoint?: CheckpointChoice
  chat?: boolean
  /** Rows sampled at once at most. Default: 32, on a GPU 256. */
  batchSize?: number
  device?: string
  /** Default float32; `auto`: by measurement. */
  dtype?: EngineAsked['dtype']
  threads?: number
  /** Directory that is written; without it nothing is. */
  out?: string
  /** Go on with the evaluation in `out`. */
  resume?: boolean
  /** Ends the evaluation early; what is finished is kept. */
  signal?: AbortSignal
  /** Called before anything is sampled. */
  onPlan?: (plan: EvalPlan) => void
  onProgress?: (progress: EvalProgress) => void
  /** Stops after the plan. */
  dryRun?: boolean
  /** For tests and other engines. */
  openEngine?: (reference: string, options: EngineChoice) => Promise<EvalEngine>
  disk?: Disk
}

type EngineChoice = Pick<EvalOptions, 'device' | 'threads' | 'signal' | 'adapter'> & { dtype?: ComputeType }

export interface EvalOutcome extends EvalResults {
  /** The directory written, if any. */
  directory?: string
  /** True where `signal` ended it; figures are then of what was finished in full. */
  interrupted: boolean
}

const defaultRows = { cpu: 32, other: 256 }

/** Problems sampled together. */
export function windowSize(problems: number, samples: number, batchSize: number): number {
  return Math.max(1, Math.min(Math.floor(batchSize / samples), Math.ceil(problems / 8)))
}

/**
 * Evaluates models on data sets.
 * @throws UserError for what cannot be had or does not fit together, before anything is sampled.
 */
export async function evaluateModels(options: EvalOptions): Promise<EvalOutcome> {
  const { disk = realDisk, out, signal } = options
  const paths = out === undefined ? undefined : evalPaths(out)
  checkSettings(settingsOf(options), options.samples, options.problems)
  const found = findModels(options.models, options.checkpoint, options.adapter)
  const data = await openData(options.data, { ...options, settings: settingsOf(options), chat: options.chat ?? true })
  const opened = await describeModels(found, data)
  const models = opened.map(({ model }) => model)
  const batchSize = options.batchSize ?? ((options.device ?? 'cpu') === 'cpu' ? defaultRows.cpu : defaultRows.other)
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new UserError(`a batch of ${batchSize} rows`)

  const engine = await samplingEngine(options, {
    models,
    rows: batchSize,
    maxNewTokens: Math.max(...data.map(({ settings }) => settings.maxNewTokens)),
    begun: paths && existsSync(paths.manifest) ? readManifest(paths.manifest).dtype : undefined,
  })

  const unlock = paths && !options.dryRun ? lockOut(disk, paths) : () => {}
  try {
    if (paths && !options.dryRun) {
      const manifest = { format: 1, models, data: data.map(describeData), batchSize, dtype: engine.dtype }
      prepareDirectory(disk, paths, manifest, options.resume ?? false)
    }
    const jobs = models.flatMap((model, m) =>
      data.map((set): Job => {
        const expected = { ids: set.problems.map(({ id }) => id), samples: set.samples }
        const onDisk = paths && !options.dryRun
        return { model, data: set, journal: onDisk ? openJournal(disk, paths, m, set.name, expected) : memoryJournal() }
      }),
    )
    options.onPlan?.({ ...planOf(models, data, jobs, opened), engine: await toldEngine(engine) })
    if (options.dryRun) return { ...makeResults(models, data, []), interrupted: false }
    await runJobs(jobs, { ...options, dtype: engine.dtype, batchSize, disk }, paths)
    const evaluated = finished(jobs)
    const interrupted = signal?.aborted === true && evaluated.length < jobs.length
    const results = makeResults(models, data, evaluated)
    if (paths && !interrupted) {
      replaceFile(disk, paths.responses, responsesParquet(evaluated))
      replaceFile(disk, paths.results, `${JSON.stringify(results, null, 2)}\n`)
    }
    return { ...results, ...(out === undefined ? {} : { directory: out }), interrupted }
  } finally {
    unlock()
  }
}

const settingsOf = (options: EvalOptions): Partial<EvalSettings> => {
  const { temperature, topP, topK, minP, maxNewTokens, stopStrings, seed, rule, requireStop } = options
  return { temperature, topP, topK, minP, maxNewTokens, stopStrings, seed, rule, requireStop }
}

function lockOut(disk: Disk, paths: EvalPaths): () => void {
  disk.makeDirectory(paths.directory)
  return lockRun(paths.directory)
}

async function runJobs(
  jobs: readonly Job[],
  options: Omit<EvalOptions, 'dtype'> & { dtype: ComputeType; batchSize: number; disk: Disk },
  paths: EvalPaths | undefined,
): Promise<void> {
  const progress = trackProgress(jobs, options.onProgress)
  for (const model of new Set(jobs.map((job) => job.model))) {
    const open = jobs.filter((job) => job.model === model && job.journal.done.size < job.data.problems.length)
    if (open.length === 0 || options.signal?.aborted) continue
    const { device, dtype, threads, signal, openEngine = openLocalBackend } = options
    const engine = await openEngine(model.reference, { device, dtype, threads, signal, adapter: model.adapter })
    const tokenizer = await openModelWithProgress(model.reference, model.adapter)
    try {
      tokenizer.tensors.close()
      if (model.checkpoint) await requireIntact(model.reference)
      if (paths) recordStart(options.disk, paths, engine.info, open[0]!.data.settings.seed)
      for (const job of open) await runJob(job, engine, tokenizer, options, progress)
    } finally {
      await engine.close()
    }
  }
}

function recordStart(disk: Disk, paths: EvalPaths, info: BackendInfo, seed: number): void {
  const previous = readJsonFile<RunEnvironment>(paths.environment)
  const next = nextEnvironment(previous, describeStart(info, 0, seed, process.argv.slice(2)))
  replaceFile(disk, paths.environment, `${JSON.stringify(next, null, 2)}\n`)
}

async function runJob(
  { model, data, journal }: Job,
  sampler: ExactSampler,
  open: OpenModel,
  { batchSize, signal }: { batchSize: number; signal?: AbortSignal },
  progress: Progress,
): Promise<void> {
  const { task, samples, settings } = data
  const { rule: _rule, requireStop: _requireStop, ...sampling } = settings
  const all = placed(data.problems)
  const size = windowSize(all.length, samples, batchSize)
  for (let from = 0; from < all.length; from += size) {
    const window = all.slice(from, from + size)
    if (window.every(({ index }) => journal.done.has(index))) continue
    if (signal?.aborted) return
    const answered = await respond(
      { sampler, model: open, task, signal },
      window,
      { ...sampling, samples, batchSize },
      (done) => progress.within(model.name, data.name, done),
    )
    // The rows of an ended call are cut short: they are no answers.
    if (!answered || signal?.aborted) return
    journal.append(answered.filter(({ index }) => !journal.done.has(index)))
    progress.after(model.name, data.name, answered)
  }
}

/** The problems of each job that is done, in the data set's order. */
function finished(jobs: readonly Job[]): Evaluated[] {
  return jobs
    .filter(({ data, journal }) => journal.done.size === data.problems.length)
    .map(({ model, data, journal }) => ({
      model,
      data,
      problems: data.problems.map((_, index) => journal.done.get(index)!),
    }))
}
