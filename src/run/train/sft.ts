/** A supervised run: what {@link keepRun} has to know of it, and how it opens and ends. */

import { meanOfFinite } from '../../base/sample.js'
import type { SftRecipeInput } from '../../recipe/input.js'
import { loadAs } from '../../recipe/load-recipe.js'
import { parseAs } from '../../recipe/parse-recipe.js'
import type { Resolved } from '../../recipe/schema.js'
import { type SftRecipe, sftFormat } from '../../recipe/sft-recipe.js'
import { loadSftData, type SftData } from '../../task/sft-data.js'
import { openLocalPolicy } from '../../train/local/policy.js'
import type { SftEvalMetrics, SftEvent, SftStepMetrics } from '../../train/sft/events.js'
import { type SftState, sftLoop, sftSteps, validationDue } from '../../train/sft/loop.js'
import { describeSftMetric } from '../../train/sft/metrics.js'
import { requireRoom } from '../plan/memory-check.js'
import { resolveDtype } from '../plan/resolve-dtype.js'
import { planSft } from '../plan/sft.js'
import { bestCheckpoint, listCheckpoints } from '../store/checkpoint.js'
import { readHistory } from '../store/history.js'
import { type KeepOptions, keepRun, type OpenRun, type RunKind } from '../store/keep-run.js'
import type { RunPaths } from '../store/run-directory.js'
import { requireCompatible } from './compatible.js'
import { edgesOf } from './edge-steps.js'
import type { RunSummary } from './summary.js'

type Step = Extract<SftEvent, { type: 'step' }>
type Evaluation = Extract<SftEvent, { type: 'eval' }>

/** The closing words of a supervised run, as one JSON object. */
export interface SftSummary extends RunSummary {
  /** Nats per learned token. */
  loss_first: number | null
  loss_last: number | null
  /** All tokens, and those that were learned, over all steps. */
  tokens: number
  target_tokens: number
  eval_first?: SftEvalMetrics
  eval_last?: SftEvalMetrics
}

/** These decide how long, how fast and how closely watched a run is; all others what it computes. */
const changeable = [
  'name',
  'threads',
  'device',
  'memoryCheck',
  'train.steps',
  'train.epochs',
  'train.tokenBudget',
  'train.optimizerDevice',
  'train.onNonFinite',
  'eval.every',
  'checkpoint',
  'log',
]

const metric = 'eval_loss'

export interface SftOptions extends KeepOptions<SftEvent> {
  /** Examples that were loaded already, for the plan. */
  data?: SftData
  /** For tests and other engines. */
  open?: (
    recipe: Resolved<SftRecipe>,
    data: SftData,
    options: { signal?: AbortSignal },
  ) => Promise<OpenRun<Step, Evaluation>>
}

const openHere: NonNullable<SftOptions['open']> = async (recipe, data, { signal }) => {
  const backend = await openLocalPolicy(recipe, signal)
  return {
    backend,
    loop: (start) =>
      sftLoop({
        recipe,
        backend,
        data,
        ...start,
        state: start.state as SftState | undefined,
      }),
    close: () => backend.close(),
  }
}

function sftKind(
  recipe: Resolved<SftRecipe>,
  data: SftData,
  open: NonNullable<SftOptions['open']>,
): RunKind<Step, Evaluation, SftSummary> {
  const steps = sftSteps(recipe, data.train.length)
  return {
    recipe,
    describe: describeSftMetric,
    steps,
    requireCompatible: (config) => requireCompatible(loadAs(config, sftFormat), recipe, changeable),
    open: (options) => open(recipe, data, options),
    checkpointDue: (step) => step % recipe.checkpoint.every === 0 || step === steps,
    evaluationDue: (step) => validationDue(recipe, step, steps),
    bestBy: () => ({ metric, evaluated: true }),
    bestValue: (_by, _metrics, evaluation) => evaluation?.eval_loss,
    summarize: (paths) => summarize(paths, recipe, steps),
  }
}

/** Trains as the recipe says and writes the run to its directory; throws what {@link keepRun} does. */
export async function runSft(recipe: SftRecipe, options: SftOptions = {}): Promise<SftSummary> {
  const { data = await loadSftData(recipe.data), open = openHere, ...rest } = options
  const resolved = await resolveDtype(recipe, sftFormat, rest)
  return keepRun(sftKind(resolved.recipe, data, open), rest)
}

export interface SftCallbacks extends SftOptions {
  /** After every step, when it is on disk. */
  onStep?: (metrics: SftStepMetrics) => void
  onEval?: (metrics: SftEvalMetrics) => void
}

/**
 * `sft` of the public API: a supervised warm start as `config` says, a recipe's content as a plain object.
 * @throws UserError naming every key of the config that is wrong, or for a run that does not fit into memory, and what
 *   {@link runSft} throws.
 */
export async function sft(config: SftRecipeInput, options: SftCallbacks = {}): Promise<SftSummary> {
  const { onStep, onEval, onEvent, ...rest } = options
  const given = parseAs(config, sftFormat)
  const data = options.data ?? (await loadSftData(given.data))
  const { recipe } = await resolveDtype(given, sftFormat, rest)
  if (!options.open) requireRoom(await planSft(recipe, data))
  return runSft(recipe, {
    ...rest,
    data,
    onEvent(event) {
      if (event.type === 'step') onStep?.(event.metrics)
      if (event.type === 'eval') onEval?.(event.metrics)
      onEvent?.(event)
    },
  })
}

const mean = (values: (number | undefined)[]) => meanOfFinite(values) ?? null

function summarize(paths: RunPaths, recipe: SftRecipe, planned: number): SftSummary {
  const { steps, evaluations } = readHistory<SftStepMetrics, SftEvalMetrics>(paths)
  const { count, first, last } = edgesOf(steps)
  const sum = (of: (line: SftStepMetrics) => number) => steps.reduce((total, line) => total + of(line), 0)
  const tokens = sum((line) => line.tokens)
  const seconds = sum((line) => line.train_seconds ?? 0)
  const checkpoints = listCheckpoints(paths)
  const best = bestCheckpoint(checkpoints, metric)
  const step = steps.at(-1)?.step ?? 0
  return {
    run: paths.directory,
    model: recipe.model,
    step,
    steps: planned,
    interrupted: step < planned,
    edge_steps: count,
    loss_first: mean(first.map((line) => line.loss)),
    loss_last: mean(last.map((line) => line.loss)),
    entropy_first: mean(first.map((line) => line.entropy_nats)),
    entropy_last: mean(last.map((line) => line.entropy_nats)),
    tokens,
    target_tokens: sum((line) => line.target_tokens),
    seconds,
    tokens_per_s: seconds > 0 ? tokens / seconds : null,
    eval_first: evaluations.at(0),
    eval_last: evaluations.at(-1),
    checkpoint: checkpoints.at(-1)?.directory,
    best: best && { checkpoint: best.directory, step: best.step, metric, value: best.value! },
  }
}
