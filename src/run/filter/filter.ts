/**
 * Which problems a policy can learn from: each is sampled and graded, and kept if its pass rate lies in a range. A problem that
 * is never solved, or always, gives no signal. Another range on measured rates samples nothing.
 */
import { existsSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { rngFrom } from '../../base/philox.js'
import { areJudged } from '../../evaluate/figures.js'
import { hashProblems } from '../../evaluate/problem-set.js'
import { type EvaluatedProblem, samplePrompts } from '../../evaluate/respond.js'
import { unusedVariables } from '../../model/template/variables.js'
import type { OpenModel, TextModel } from '../../model/types.js'
import { openModelWithProgress } from '../../rollout/model-thread.js'
import { type KeepRange, keeps, paperRange, parseKeepRange } from '../../task/data/pass-rates.js'
import { loadTask } from '../../task/registry.js'
import type { TaskSpec } from '../../task/spec.js'
import type { Example, Task } from '../../task/types.js'
import { fingerprint } from '../evaluate/model.js'
import { engineOf } from '../evaluate/served-engine.js'
import type { EvalOptions } from '../evaluate/session.js'
import type { ComputeType } from '../plan/resolve-dtype.js'
import { type EngineAsked, type PlannedEngine, samplingEngine, toldEngine } from '../plan/sampling-engine.js'
import { openWorkDirectory, readWorkSettings } from '../problems/directory.js'
import { type Journal, openJournal } from '../problems/journal.js'
import { trackPace } from '../problems/progress.js'
import { batchRows, placed, sampleWindows } from '../problems/windows.js'
import { type Disk, realDisk } from '../store/disk.js'
import { lockRun } from '../store/run-lock.js'
import { filterPaths, type MeasuredRate } from './directory.js'
import { type FilterResult, resultOf, writeResult } from './results.js'

export interface FilterOptions {
  /** Whatever `loadModel` takes. */
  model: string
  /** A task's or data set's name, a file, a prepared directory, or a task with its keys; its training problems. */
  data: string | TaskSpec
  /** Directory that is written; with rates in it from the same settings, these are gone on with. */
  out: string
  /** Completions of each problem. Default 16. */
  samples?: number
  /** Range of pass rates that is kept. Default the paper's, `(1/16, 15/16)`. */
  keep?: string
  /** The first so many problems. Default: all. */
  problems?: number
  /** Default 1024. */
  maxNewTokens?: number
  /** Default 1. */
  temperature?: number
  topP?: number
  topK?: number
  minP?: number
  stopStrings?: string[]
  /** Keys the draws. Default 0. */
  seed?: number
  /** Rows sampled at once at most. Default 32, on a GPU 256. */
  batchSize?: number
  device?: string
  /** Default float32; `auto`: by measurement. */
  dtype?: EngineAsked['dtype']
  threads?: number
  /** vLLM servers that hold the model and draw its completions. Default: this machine draws them. */
  samplerUrls?: readonly string[]
  /** Insist that there is something to go on with. */
  resume?: boolean
  /** Stop after the plan. */
  dryRun?: boolean
  /** Ends it early; what is measured is kept. */
  signal?: AbortSignal
  onPlan?: (plan: FilterPlan) => void
  onProgress?: (progress: FilterProgress) => void
  fetch?: typeof fetch
  dataDirectory?: string
  /** For tests and other engines. */
  openEngine?: EvalOptions['openEngine']
  disk?: Disk
}

/** The cost, known before the first token. Tokens are upper bounds. */
export interface FilterPlan {
  problems: number
  /** Measured in an earlier start. */
  measured: number
  samples: number
  /** Yet to be sampled. */
  completions: number
  maxNewTokens: number
  /** Yet to be sampled, at most. */
  tokens: number
  engine: PlannedEngine
  /** What should be known before the first token; absent: nothing. */
  warnings?: string[]
}

export interface FilterProgress {
  problems: number
  problemsTotal: number
  kept: number
  /** Of this start. */
  tokens: number
  seconds: number
  /** By this start's mean length and speed; absent before the first problems are measured. */
  expectedTokens?: number
  secondsLeft?: number
}

export interface FilterOutcome extends FilterResult {
  directory: string
  interrupted: boolean
}

/** Keys the random numbers by which a generated task makes its problems. */
const problemStream = 0x66696c74

/**
 * Measures pass rates and writes those in the range as a data set.
 * @throws UserError for what cannot be had or does not fit together, before anything is sampled
 */
export async function filterData(options: FilterOptions): Promise<FilterOutcome> {
  const { samples = 16, keep = paperRange, disk = realDisk, signal } = options
  if (!Number.isSafeInteger(samples) || samples < 1) throw new UserError(`${samples} samples of a problem`)
  const range = parseKeepRange(keep)
  const spec = typeof options.data === 'string' ? { name: options.data } : options.data
  const task = await loadTask(spec, { fetch: options.fetch, dataDirectory: options.dataDirectory })
  const examples = trainingProblems(task, options.problems, options.seed ?? 0)
  const model = await openModelWithProgress(options.model)
  model.tensors.close()
  const sampling = samplingOf(options, samples)
  samplePrompts(model, placed(examples), sampling.maxNewTokens)

  const paths = filterPaths(options.out)
  const engine = await samplingEngine(options, {
    models: [{ reference: options.model }],
    rows: sampling.batchSize,
    maxNewTokens: sampling.maxNewTokens,
    begun: readWorkSettings(paths)?.dtype,
  })
  const settings = settingsOf({ ...options, dtype: engine.dtype }, spec, model, examples, sampling)
  const unused = unusedVariables(model.tokenizer, examples[0].templateVariables)
  const warned = unused === undefined ? {} : { warnings: [unused] }
  if (options.dryRun) {
    options.onPlan?.({ ...planOf(examples.length, 0, sampling), ...warned, engine: await toldEngine(engine) })
    return {
      ...resultOf({ spec, settings, range, examples, rates: new Map(), samples }),
      directory: options.out,
      interrupted: false,
    }
  }
  if (options.resume && !existsSync(paths.settings)) {
    throw new UserError(`${paths.directory}: nothing to go on with`, { hint: 'leave --resume out to begin there' })
  }
  disk.makeDirectory(paths.directory)
  const unlock = lockRun(paths.directory, 'writing to it')
  try {
    openWorkDirectory(disk, paths, settings, "filter's rates")
    const journal = openJournal<MeasuredRate>(disk, paths.rates, {
      ids: examples.map(({ id }) => id),
      samples,
      samplesOf: (rate) => rate.samples,
    })
    const rates = journal.done
    options.onPlan?.({ ...planOf(examples.length, rates.size, sampling), ...warned, engine: await toldEngine(engine) })
    if (rates.size < examples.length) {
      await measure({ ...options, dtype: engine.dtype }, { task, model, examples, range, sampling, journal })
    }
    const interrupted = rates.size < examples.length
    const result = resultOf({ spec, settings, range, examples, rates, samples })
    if (!interrupted) writeResult(disk, paths, result, examples, rates, range)
    return { ...result, directory: options.out, interrupted: interrupted && signal?.aborted === true }
  } finally {
    unlock()
  }
}

function samplingOf(options: FilterOptions, samples: number) {
  const { maxNewTokens = 1024, temperature = 1, topP = 1, topK = 0, minP = 0, stopStrings = [], seed = 0 } = options
  const batchSize = batchRows(options.batchSize, options.device)
  return { samples, maxNewTokens, temperature, topP, topK, minP, stopStrings, seed, batchSize }
}
type Sampling = ReturnType<typeof samplingOf>

/** Each problem once, in the task's order. */
function trainingProblems(task: Task, limit: number | undefined, seed: number): Example[] {
  const source = task.prompts(rngFrom(seed, problemStream), 'train')
  if (limit === undefined && !Array.isArray(source)) {
    throw new UserError(`task ${task.name}: may have no end`, {
      hint: 'say by --problems how many of its problems to take',
    })
  }
  if (!(Symbol.iterator in source)) {
    throw new UserError(`task ${task.name}: gives its problems asynchronously, which filter does not take`)
  }
  const examples: Example[] = []
  const seen = new Set<string>()
  // An endless task may repeat itself: after as many repetitions as problems it has no more.
  let repeated = 0
  for (const example of source) {
    if (examples.length >= (limit ?? Infinity) || repeated > 1000 + examples.length) break
    const prompt = JSON.stringify(example.prompt)
    if (seen.has(prompt)) repeated++
    else {
      seen.add(prompt)
      examples.push(example)
    }
  }
  if (examples.length === 0) throw new UserError(`task ${task.name}: has no problems to train on`)
  const ids = new Set(examples.map(({ id }) => id))
  if (ids.size < examples.length) throw new UserError(`task ${task.name}: two problems have the same id`)
  return examples
}

function settingsOf(
  options: FilterOptions & { dtype: ComputeType },
  task: TaskSpec,
  model: OpenModel,
  examples: Example[],
  sampling: Sampling,
) {
  return {
    model: options.model,
    weights: fingerprint(model.path),
    task,
    problems: examples.length,
    problemsHash: hashProblems(examples),
    ...sampling,
    dtype: options.dtype,
  }
}

function planOf(problems: number, measured: number, { samples, maxNewTokens }: Sampling): Omit<FilterPlan, 'engine'> {
  const completions = (problems - measured) * samples
  return { problems, measured, samples, completions, maxNewTokens, tokens: completions * maxNewTokens }
}

interface Measuring {
  task: Task
  model: TextModel
  examples: Example[]
  range: KeepRange
  sampling: Sampling
  journal: Journal<MeasuredRate>
}

async function measure(
  options: Omit<FilterOptions, 'dtype'> & { dtype: ComputeType },
  { task, model, examples, range, sampling, journal }: Measuring,
): Promise<void> {
  const { device, dtype, threads, signal, openEngine = engineOf(options.samplerUrls), onProgress } = options
  const engine = await openEngine(options.model, { device, dtype, threads, signal })
  const { samples, maxNewTokens } = sampling
  const tracker = trackPace(examples.length * samples, () => journal.done.size * samples)
  const report = (running: number) => {
    const { tokens, seconds, tokensLeft, secondsLeft } = tracker.pace(running, maxNewTokens)
    onProgress?.({
      problems: journal.done.size,
      problemsTotal: examples.length,
      kept: [...journal.done.values()].filter((rate) => keeps(range, rate)).length,
      tokens,
      seconds,
      ...(tokensLeft !== undefined && { expectedTokens: tokensLeft, secondsLeft }),
    })
  }
  try {
    await sampleWindows({
      responder: { sampler: engine, model, task, signal },
      problems: examples,
      sampling,
      journal,
      toLine: (problem) => rateOf(problem, task),
      onProgress: ({ tokens }) => report(tokens),
      onWindow(answered) {
        tracker.finish(answered)
        report(0)
      },
    })
  } finally {
    await engine.close()
  }
}

function rateOf(problem: EvaluatedProblem, task: Task): MeasuredRate {
  if (!areJudged([problem])) {
    throw new UserError(`task ${task.name}: does not say which completions are correct, so there is no pass rate`, {
      hint: 'let its grader return {reward, correct}',
    })
  }
  const { index, id, responses } = problem
  const correct = responses.filter((response) => response.correct).length
  const samples = responses.length
  return {
    index,
    id,
    correct,
    samples,
    pass_rate: correct / samples,
    reward_mean: responses.reduce((sum, { reward }) => sum + reward, 0) / samples,
    tokens: responses.reduce((sum, { length }) => sum + length, 0),
    truncated: responses.filter(({ finish }) => finish === 'length').length,
  }
}
