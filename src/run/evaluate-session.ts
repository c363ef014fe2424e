/**
 * An evaluation from beginning to end: models and data are opened and the cost is told; then, a model at a time, windows
 * of problems are sampled, graded and written down; then come the figures.
 *
 * A window is as many problems as fill one batch, at most an eighth of a data set, and which problems share one is fixed
 * by the settings. So a resumed evaluation computes what an uninterrupted one would have, bit for bit on the same CPU
 * with the same threads, and loses no more than the window that was under way.
 */
import { UserError } from '../config/errors.js'
import { type PlacedExample, respond, type Sampler, samplePrompts } from '../evaluate/respond.js'
import type { OpenModel } from '../model/types.js'
import { openModelWithProgress } from '../rollout/model-thread.js'
import type { TaskSpec } from '../task/spec.js'
import type { BackendInfo } from '../train/backend.js'
import { openLocalBackend } from '../train/local/backend.js'
import { type Disk, realDisk, replaceFile } from './disk.js'
import { describeStart, nextEnvironment, type RunEnvironment } from './environment.js'
import { type DataOptions, type EvalData, openData } from './evaluate-data.js'
import {
  type EvalPaths,
  evalPaths,
  type Journal,
  memoryJournal,
  openJournal,
  prepareDirectory,
} from './evaluate-directory.js'
import { type CheckpointChoice, type EvalModel, findModels, fingerprint } from './evaluate-model.js'
import {
  describeData,
  type EvalResults,
  type Evaluated,
  type EvaluatedModel,
  makeResults,
  responsesParquet,
} from './evaluate-results.js'
import { checkSettings, type EvalSettings } from './evaluate-settings.js'
import { readJsonFile } from './json-file.js'
import { lockRun } from './run-lock.js'

/** What a model needs to be evaluated; this machine's engine by default. */
export interface EvalEngine extends Sampler {
  info: BackendInfo
  close(): Promise<void>
}

export interface EvalOptions extends Partial<EvalSettings>, Omit<DataOptions, 'settings' | 'chat'> {
  /** Run directories, checkpoints, model directories, files or names. */
  models: readonly string[]
  /** Public data sets, files, tasks, recipes or runs. */
  data: readonly (string | TaskSpec)[]
  /** Which of a run's checkpoints. Default: the best. */
  checkpoint?: CheckpointChoice
  chat?: boolean
  /** Rows sampled at once at most. Default: 32, on a GPU 256. */
  batchSize?: number
  device?: string
  dtype?: 'float32' | 'bfloat16' | 'float16'
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

type EngineChoice = Pick<EvalOptions, 'device' | 'dtype' | 'threads' | 'signal'>

/** The cost, known before the first token. Tokens are upper bounds. */
export interface EvalPlan {
  models: EvaluatedModel[]
  data: {
    name: string
    problems: number
    samples: number
    completions: number
    maxNewTokens: number
    /** Of one model. */
    tokens: number
    /** Problems whose prompts leave a model less room than maxNewTokens. */
    shortened: number
  }[]
  /** Over all models. */
  completions: number
  tokens: number
  /** Finished in an earlier start. */
  completionsDone: number
}

export interface EvalProgress {
  model: string
  data: string
  /** Problems of this model and data set. */
  problems: number
  problemsTotal: number
  /** Over all models and data sets. */
  completions: number
  completionsTotal: number
  /** At the rate of this start; absent before there is one. */
  tokensPerSecond?: number
  /** Seconds; an upper bound while the first problems are under way. */
  secondsLeft?: number
}

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

interface Job {
  model: EvaluatedModel
  data: EvalData
  journal: Journal
}

/**
 * Evaluates models on data sets.
 * @throws UserError for what cannot be had or does not fit together, before anything is sampled.
 */
export async function evaluateModels(options: EvalOptions): Promise<EvalOutcome> {
  const { disk = realDisk, out, signal } = options
  const paths = out === undefined ? undefined : evalPaths(out)
  checkSettings(settingsOf(options), options.samples, options.problems)
  const found = findModels(options.models, options.checkpoint)
  const data = await openData(options.data, { ...options, settings: settingsOf(options), chat: options.chat ?? true })
  const opened = await describeModels(found, data)
  const models = opened.map(({ model }) => model)
  const batchSize = options.batchSize ?? ((options.device ?? 'cpu') === 'cpu' ? defaultRows.cpu : defaultRows.other)
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new UserError(`a batch of ${batchSize} rows`)

  const unlock = paths && !options.dryRun ? lockOut(disk, paths) : () => {}
  try {
    if (paths && !options.dryRun) {
      const manifest = { format: 1, models, data: data.map(describeData), batchSize, dtype: options.dtype ?? 'float32' }
      prepareDirectory(disk, paths, manifest, options.resume ?? false)
    }
    const jobs = models.flatMap((model, m) =>
      data.map((set): Job => {
        const expected = { ids: set.problems.map(({ id }) => id), samples: set.samples }
        const onDisk = paths && !options.dryRun
        return { model, data: set, journal: onDisk ? openJournal(disk, paths, m, set.name, expected) : memoryJournal() }
      }),
    )
    options.onPlan?.(planOf(models, data, jobs, opened))
    if (options.dryRun) return { ...makeResults(models, data, []), interrupted: false }
    await runJobs(jobs, { ...options, batchSize, disk }, paths)
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

interface Described {
  model: EvaluatedModel
  /** Problems of each data set whose completions the model's positions shorten. */
  shortened: number[]
}

/** Every model is located, and every prompt put into its template, before the first is sampled from. */
async function describeModels(models: readonly EvalModel[], data: readonly EvalData[]): Promise<Described[]> {
  const described: Described[] = []
  for (const model of models) {
    const open = await openModelWithProgress(model.reference)
    open.tensors.close()
    described.push({
      model: { ...model, fingerprint: fingerprint(open.path) },
      shortened: data.map(({ problems, settings: { maxNewTokens } }) => {
        const prompts = samplePrompts(open, placed(problems), maxNewTokens)
        return prompts.filter((prompt) => prompt.maxNewTokens! < maxNewTokens).length
      }),
    })
  }
  return described
}

const placed = (problems: EvalData['problems']): PlacedExample[] =>
  problems.map((example, index) => ({ index, example }))

function planOf(
  models: EvaluatedModel[],
  data: readonly EvalData[],
  jobs: readonly Job[],
  described: readonly Described[],
): EvalPlan {
  const sets = data.map(({ name, problems, samples, settings: { maxNewTokens } }, d) => {
    const completions = problems.length * samples
    const shortened = Math.max(...described.map((each) => each.shortened[d]!))
    const tokens = completions * maxNewTokens
    return { name, problems: problems.length, samples, completions, maxNewTokens, tokens, shortened }
  })
  const total = (of: (set: (typeof sets)[number]) => number) =>
    models.length * sets.reduce((sum, set) => sum + of(set), 0)
  return {
    models,
    data: sets,
    completions: total(({ completions }) => completions),
    tokens: total(({ tokens }) => tokens),
    completionsDone: jobs.reduce((sum, { data: { samples }, journal }) => sum + journal.done.size * samples, 0),
  }
}

async function runJobs(
  jobs: readonly Job[],
  options: EvalOptions & { batchSize: number; disk: Disk },
  paths: EvalPaths | undefined,
): Promise<void> {
  const progress = trackProgress(jobs, options.onProgress)
  for (const model of new Set(jobs.map((job) => job.model))) {
    const open = jobs.filter((job) => job.model === model && job.journal.done.size < job.data.problems.length)
    if (open.length === 0 || options.signal?.aborted) continue
    const { device, dtype, threads, signal, openEngine = openLocalBackend } = options
    const engine = await openEngine(model.reference, { device, dtype, threads, signal })
    const tokenizer = await openModelWithProgress(model.reference)
    try {
      tokenizer.tensors.close()
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
  sampler: Sampler,
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
      { sampler, model: open, task },
      window,
      { ...sampling, samples, batchSize },
      (done) => progress.within(model.name, data.name, done),
    )
    // The rows of an ended call are cut short: they are no answers.
    if (signal?.aborted) return
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

interface Progress {
  within(model: string, data: string, done: { tokens: number; completions: number }): void
  after(model: string, data: string, problems: readonly { responses: readonly { length: number }[] }[]): void
}

/**
 * Completions under way count by their tokens over the mean length so far, or over the longest length while none has
 * ended; the clock starts with the first token.
 */
function trackProgress(jobs: readonly Job[], tell: EvalOptions['onProgress']): Progress {
  const count = () => jobs.reduce((sum, { data, journal }) => sum + journal.done.size * data.samples, 0)
  const total = jobs.reduce((sum, { data }) => sum + data.problems.length * data.samples, 0)
  const before = count()
  let began: number | undefined
  let tokens = 0
  const report = (model: string, data: string, running: { tokens: number; completions: number }) => {
    const now = performance.now() / 1000
    began ??= now
    const job = jobs.find((each) => each.model.name === model && each.data.name === data)!
    const done = count()
    const length = done > before ? tokens / (done - before) : job.data.settings.maxNewTokens
    const work = done - before + running.tokens / length
    const seconds = now - began
    tell?.({
      model,
      data,
      problems: job.journal.done.size,
      problemsTotal: job.data.problems.length,
      completions: done + running.completions,
      completionsTotal: total,
      ...(seconds > 0 && work > 0
        ? {
            tokensPerSecond: (tokens + running.tokens) / seconds,
            secondsLeft: Math.max(0, ((total - before - work) * seconds) / work),
          }
        : {}),
    })
  }
  return {
    within: report,
    after(model, data, problems) {
      tokens += problems.reduce((sum, { responses }) => sum + responses.reduce((all, { length }) => all + length, 0), 0)
      report(model, data, { tokens: 0, completions: 0 })
    },
  }
}
