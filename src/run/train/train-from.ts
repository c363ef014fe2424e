/** `train` of the public API: a recipe as a plain object, events as callbacks. */
import { parseRecipe } from '../../recipe/index.js'
import { trainFormat } from '../../recipe/parse-recipe.js'
import type { RecipeInput } from '../../recipe/schema.js'
import type { EvalMetrics, GradedCompletion, StepMetrics } from '../../train/events.js'
import { freeMemory } from '../plan/free-memory.js'
import { requireRoom } from '../plan/memory-check.js'
import { makePlan } from '../plan/plan.js'
import { resolveDtype } from '../plan/resolve-dtype.js'
import { describeModel } from './parts.js'
import type { Summary } from './summary.js'
import { type TrainOptions, train } from './train.js'

export interface TrainCallbacks extends TrainOptions {
  /** After every step, when it is on disk: its metrics and its graded completions. */
  onStep?: (metrics: StepMetrics, rollouts: GradedCompletion[]) => void
  onEval?: (metrics: EvalMetrics) => void
}

/**
 * Trains as `config` says, a recipe's content as a plain object, and writes a run directory.
 * @throws UserError naming every key of the config that is wrong, or for a run that does not fit into memory, and what
 *   {@link train} throws.
 */
export async function trainFrom(config: RecipeInput, options: TrainCallbacks = {}): Promise<Summary> {
  const { onStep, onEval, onEvent, ...rest } = options
  const given = parseRecipe(config)
  const model = options.openParts ? undefined : await describeModel(given)
  const { recipe } = await resolveDtype(given, trainFormat, rest)
  if (model) requireRoom(makePlan(recipe, model, await freeMemory(recipe.device, recipe.threads)))
  return train(recipe, {
    ...rest,
    onEvent(event) {
      if (event.type === 'step') onStep?.(event.metrics, event.rollouts)
      if (event.type === 'eval') onEval?.(event.metrics)
      onEvent?.(event)
    },
  })
}
