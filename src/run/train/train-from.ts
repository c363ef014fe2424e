/** `train` of the public API: a recipe as a plain object, tasks and rewards as functions, events as callbacks. */
import { parseRecipe } from '../../recipe/index.js'
import type { RecipeInput, TaskInput } from '../../recipe/input.js'
import { trainFormat } from '../../recipe/parse-recipe.js'
import { type RewardEntry, takeCode } from '../../task/code.js'
import type { Task } from '../../task/types.js'
import type { EvalMetrics, GradedCompletion, StepMetrics } from '../../train/events.js'
import { freeMemory } from '../plan/free-memory.js'
import { requireRoom } from '../plan/memory-check.js'
import { makePlan } from '../plan/plan.js'
import { resolveDtype } from '../plan/resolve-dtype.js'
import { describeModel, openPartsWith } from './parts.js'
import type { Summary } from './summary.js'
import { type TrainOptions, train } from './train.js'

export interface TrainCallbacks extends TrainOptions {
  /** After every step, when it is on disk: its metrics and its graded completions. */
  onStep?: (metrics: StepMetrics, rollouts: GradedCompletion[]) => void
  onEval?: (metrics: EvalMetrics) => void
}

/**
 * A recipe as a plain object. `task` may be a task made by `defineTask`, in place of a name with its keys, and `rewards`
 * lists further rewards: functions, `defineReward({ name, weight, reward })`, or what `task.rewards` takes. The weighted
 * sum of all and the task's own reward is what is trained on; config.yaml records functions by name.
 */
export type TrainConfig = Omit<RecipeInput, 'task' | 'eval'> & {
  task: TaskInput | Task
  rewards?: readonly RewardEntry[]
  eval?: Omit<NonNullable<RecipeInput['eval']>, 'task'> & { task?: TaskInput | Task }
}

/**
 * Trains as `config` says, and writes a run directory.
 * @throws UserError naming every key of the config that is wrong, or for a run that does not fit into memory, and what
 *   {@link train} throws.
 */
export async function trainFrom(config: TrainConfig, options: TrainCallbacks = {}): Promise<Summary> {
  const { onStep, onEval, onEvent, ...rest } = options
  const { recipe: plain, code } = takeCode(config)
  const given = parseRecipe(plain)
  const model = options.openParts ? undefined : await describeModel(given, { code })
  const { recipe } = await resolveDtype(given, trainFormat, rest)
  if (model) requireRoom(makePlan(recipe, model, await freeMemory(recipe.device, recipe.threads)))
  return train(recipe, {
    openParts: openPartsWith(code),
    ...rest,
    onEvent(event) {
      if (event.type === 'step') onStep?.(event.metrics, event.rollouts)
      if (event.type === 'eval') onEval?.(event.metrics)
      onEvent?.(event)
    },
  })
}
