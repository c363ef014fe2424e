/** `evaluate` of the public API: one model on one task's held-out problems. */

import type { DataFigures } from '../../evaluate/figures.js'
import type { RecipeInput } from '../../recipe/input.js'
import type { TaskSpec } from '../../task/spec.js'
import type { EvalMetrics } from '../../train/events.js'
import type { EngineAsked } from '../plan/sampling-engine.js'
import { evaluateModels } from './session.js'

export interface EvaluateOptions {
  task: RecipeInput['task']
  /** Number of held-out problems, the first ones of the eval split. Default 64. */
  problems?: number
  /** Completions per problem, the K of Avg@K and Pass@K. Default 8. */
  samples?: number
  /** Default 256. */
  maxNewTokens?: number
  temperature?: number
  seed?: number
  device?: string
  /** Default float32; `auto`: by measurement. */
  dtype?: EngineAsked['dtype']
  threads?: number
}

export interface Evaluation extends EvalMetrics, Omit<DataFigures, keyof EvalMetrics> {}

/**
 * Avg@K, Pass@K, maj@K and more of a model on a task's eval split, the same for the same seed.
 * {@link evaluateModels} takes several models and data sets, writes a directory and resumes.
 * @throws UserError for a model or task that cannot be had.
 */
export async function evaluate(model: string, options: EvaluateOptions): Promise<Evaluation> {
  const { task, problems = 64, samples = 8, maxNewTokens = 256, ...rest } = options
  const { results } = await evaluateModels({
    models: [model],
    data: [task as TaskSpec],
    problems,
    samples,
    maxNewTokens,
    ...rest,
  })
  const [{ model: _model, data: _data, ...figures }] = results as [(typeof results)[number]]
  return { step: 0, completion_length_mean: figures.length.mean, ...figures }
}
