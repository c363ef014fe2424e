/** A training run: what {@link keepRun} has to know of it. */
import { join } from 'node:path'
import { type BestBy, bestBy, checkpointDue } from '../../recipe/checkpoint-section.js'
import { loadRecipe } from '../../recipe/index.js'
import { trainFormat } from '../../recipe/parse-recipe.js'
import type { Recipe, Resolved } from '../../recipe/schema.js'
import type { EvalMetrics, TrainEvent } from '../../train/events.js'
import { concernText, HealthWatch, healthFacts } from '../../train/health/health.js'
import { describeMetric } from '../../train/metrics/describe.js'
import { preparePolicy } from '../../train/prepare.js'
import { evaluationDue } from '../../train/schedule.js'
import { resolveDtype } from '../plan/resolve-dtype.js'
import { replaceFile } from '../store/disk.js'
import { toJsonLine } from '../store/json-lines.js'
import { type KeepOptions, keepRun, type RunKind } from '../store/keep-run.js'
import { rolloutParquet } from '../store/rollout-file.js'
import { stepName } from '../store/run-directory.js'
import { requireCompatible } from './compatible.js'
import { type OpenParts, openParts } from './parts.js'
import { type Summary, summarize } from './summary.js'

export interface TrainOptions extends KeepOptions<TrainEvent> {
  /** For tests and other engines: how the recipe's parts are opened. */
  openParts?: OpenParts
}

type Step = Extract<TrainEvent, { type: 'step' }>
type Evaluation = Extract<TrainEvent, { type: 'eval' }>

/** Runs from before tasks had verdicts counted a summed reward of 1 as solved. Their evaluations have no mean reward. */
function verdictWarnings({ task }: Recipe, evaluations: readonly EvalMetrics[]): string[] {
  const summed = task.rewards !== undefined && evaluations.some(({ reward_mean }) => reward_mean === undefined)
  return summed
    ? [
        'earlier evaluations of this run counted a problem as solved when the sum of task.rewards was at least 1. Now the ' +
          "task's verdict counts, so Avg@K and Pass@K before and after this step are not comparable",
      ]
    : []
}

function trainKind(recipe: Resolved<Recipe>, open: OpenParts): RunKind<Step, Evaluation, Summary> {
  return {
    recipe,
    describe: describeMetric,
    steps: recipe.train.steps,
    requireCompatible: (config) => requireCompatible(loadRecipe(config), recipe),
    open: (options) => open(recipe, options),
    prepare: (backend) => preparePolicy(backend, recipe),
    historyWarnings: (evaluations) => verdictWarnings(recipe, evaluations),
    checkpointDue: (step) => checkpointDue(recipe, step),
    evaluationDue: (step) => evaluationDue(recipe, step),
    bestBy: (evaluation) => bestBy(recipe, evaluation),
    bestValue({ metric, evaluated }, metrics, evaluation) {
      const key = metric as BestBy['metric']
      return evaluated ? evaluation?.[key] : key === 'reward_mean' ? metrics.reward_mean : undefined
    },
    watch(past) {
      const watch = new HealthWatch(healthFacts(recipe))
      for (const line of past) watch.after(line)
      return (metrics) => watch.after(metrics).map(concernText)
    },
    writeStep(disk, paths, { metrics, rollouts, ledger = [] }) {
      replaceFile(
        disk,
        join(paths.rollouts, `${stepName(metrics.step)}.parquet`),
        rolloutParquet(rollouts, metrics.step),
      )
      if (ledger.length > 0) disk.append(paths.ledger, ledger.map(toJsonLine).join(''))
    },
    summarize: (paths) => summarize(paths, recipe),
  }
}

/** Trains as the recipe says and writes the run to its directory; throws what {@link keepRun} does. */
export async function train(recipe: Recipe, options: TrainOptions = {}): Promise<Summary> {
  const { openParts: open = openParts, ...rest } = options
  const resolved = await resolveDtype(recipe, trainFormat, rest)
  return keepRun(trainKind(resolved.recipe, open), rest)
}
