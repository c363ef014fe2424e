/**
 * An evaluation from beginning to end: it opens models and data and reports the cost, then samples and grades the problems, a
 * model at a time, and computes the figures.
 */
import { existsSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import type { EvaluatedProblem } from '../../evaluate/respond.js'
import type { TextModel } from '../../model/types.js'
import { openModelWithProgress } from '../../rollout/model-thread.js'
import type { ExactSampler } from '../../rollout/sampler-kind.js'
import type { TaskSpec } from '../../task/spec.js'
import type { BackendInfo } from '../../train/backend.js'
import type { ComputeType } from '../plan/resolve-dtype.js'
import { type EngineAsked, samplingEngine, toldEngine } from '../plan/sampling-engine.js'
import { openWorkDirectory, readWorkSettings } from '../problems/directory.js'
import { memoryJournal, openJournal } from '../problems/journal.js'
import { batchRows, sampleWindows } from '../problems/windows.js'
import { type Disk, realDisk, replaceFile } from '../store/disk.js'
import { describeStart, nextEnvironment, type RunEnvironment } from '../store/environment.js'
import { readJsonFile } from '../store/json-file.js'
import { lockRun } from '../store/run-lock.js'
import { type DataOptions, type EvalData, openData } from './data.js'
import { type EvalPaths, evalPaths, journalPath } from './directory.js'
import { type CheckpointChoice, findModels, requireIntact } from './model.js'
import { describeModels, type EvalPlan, type Job, planOf } from './plan.js'
import { type EvalProgress, type Progress, trackProgress } from './progress.js'
import { describeData, type EvalResults, type Evaluated, makeResults, responsesParquet } from './results.js'
import { engineOf } from './served-engine.js'
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
  /** vLLM servers that hold the model and draw its completions; this machine scores them. Default: this machine draws them. */
  samplerUrls?: readonly string[]
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
  const batchSize = batchRows(options.batchSize, options.device)
  const engine = await samplingEngine(options, {
    models,
    rows: batchSize,
    maxNewTokens: Math.max(...data.map(({ settings }) => settings.maxNewTokens)),
    begun: paths && readWorkSettings(paths)?.dtype,
  })

  const unlock = paths && !options.dryRun ? lockOut(disk, paths) : () => {}
  try {
    if (paths && !options.dryRun) {
      if (existsSync(paths.settings) && !options.resume) {
        throw new UserError(`${paths.directory}: holds an evaluation already`, {
          hint: 'continue it with --resume, or choose another directory with --out',
        })
      }
      const settings = { format: 1, models, data: data.map(describeData), batchSize, dtype: engine.dtype }
      openWorkDirectory(disk, paths, settings, 'evaluation')
      disk.makeDirectory(paths.problems)
    }
    const onDisk = paths && !options.dryRun
    const jobs = models.flatMap((model, m) =>
      data.map(
        (set): Job => ({ model, data: set, journal: onDisk ? journalOf(disk, paths, m, set) : memoryJournal() }),
      ),
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
    return { ...results, ...(out !== undefined && { directory: out }), interrupted }
  } finally {
    unlock()
  }
}

const settingsOf = (options: EvalOptions): Partial<EvalSettings> => {
  const { temperature, topP, topK, minP, maxNewTokens, stopStrings, seed, rule, requireStop } = options
  return { temperature, topP, topK, minP, maxNewTokens, stopStrings, seed, rule, requireStop }
}

const journalOf = (disk: Disk, paths: EvalPaths, model: number, { name, problems, samples }: EvalData) =>
  openJournal<EvaluatedProblem>(disk, journalPath(paths, model, name), {
    ids: problems.map(({ id }) => id),
    samples,
    samplesOf: ({ responses }) => responses?.length,
  })

function lockOut(disk: Disk, paths: EvalPaths): () => void {
  disk.makeDirectory(paths.directory)
  return lockRun(paths.directory, 'writing to it')
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
    const { device, dtype, threads, signal, openEngine = engineOf(options.samplerUrls) } = options
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
  open: TextModel,
  { batchSize, signal }: { batchSize: number; signal?: AbortSignal },
  progress: Progress,
): Promise<void> {
  const { task, problems, samples, settings } = data
  const { rule: _rule, requireStop: _requireStop, ...sampling } = settings
  await sampleWindows({
    responder: { sampler, model: open, task, signal },
    problems,
    sampling: { ...sampling, samples, batchSize },
    journal,
    toLine: (problem) => problem,
    onProgress: (done) => progress.within(model.name, data.name, done),
    onWindow: (answered) => progress.after(model.name, data.name, answered),
  })
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
