/** `train` of the public API: a recipe as a plain object, events as callbacks. */
import { parseRecipe } from '../config/index.js'
import type { RecipeInput } from '../config/recipe.js'
import type { EvalMetrics, GradedCompletion, StepMetrics } from '../train/events.js'
import type { Summary } from './summary.js'
import { type TrainOptions, train } from './train.js'

export interface TrainCallbacks extends TrainOptions {
  /** After every step, when it is on disk: its metrics and its graded completions. */
  onStep?: (metrics: StepMetrics, rollouts: GradedCompletion[]) => void
  onEval?: (metrics: EvalMetrics) => void
}

/**
 * Trains as `config` says, a recipe's content as a plain object, and writes a run directory.
 * @throws UserError naming every key of the config that is wrong, and what {@link train} throws.
 */
export function trainFrom(config: RecipeInput, options: TrainCallbacks = {}): Promise<Summary> {
  const { onStep, onEval, onEvent, ...rest } = options
  return train(parseRecipe(config), {
    ...rest,
    onEvent(event) {
      if (event.type === 'step') onStep?.(event.metrics, event.rollouts)
      if (event.type === 'eval') onEval?.(event.metrics)
      onEvent?.(event)
    },
  })
}
