/** `evaluate` of the public API: a model on a task's held-out problems. */
import { parseRecipe } from '../config/index.js'
import type { RecipeInput } from '../config/recipe.js'
import { bootstrapMean } from '../evaluate/estimators-bootstrap.js'
import { loadTask } from '../task/registry.js'
import { PromptStream } from '../task/stream.js'
import type { EvalMetrics } from '../train/events.js'
import { openLocalBackend } from '../train/local/backend.js'
import { evaluatePolicy } from '../train/loop.js'

export interface EvaluateOptions {
  task: RecipeInput['task']
  /** Held-out problems, the first ones of the eval split. Default 64. */
  problems?: number
  /** Completions per problem, the K of Avg@K and Pass@K. Default 8. */
  samples?: number
  maxNewTokens?: number
  temperature?: number
  seed?: number
  device?: string
  dtype?: 'float32' | 'bfloat16' | 'float16'
  threads?: number
}

export interface Evaluation extends EvalMetrics {
  /** 95 % interval of Avg@K by the bootstrap over problems. */
  avg_at_k_interval: [number, number]
}

/**
 * Avg@K and Pass@K of a model on a task's eval split, the same for the same seed.
 * @throws UserError for a model or task that cannot be had.
 */
export async function evaluate(model: string, options: EvaluateOptions): Promise<Evaluation> {
  const { task, problems = 64, samples = 8, seed = 0, maxNewTokens, temperature, device, dtype, threads } = options
  const recipe = parseRecipe({
    model,
    task,
    device,
    dtype,
    threads,
    rollout: { maxNewTokens, temperature },
    eval: { problems, samples, seed },
  })
  const loaded = await loadTask(recipe.task)
  const examples = await new PromptStream(loaded, 'eval', 0).next(problems)
  const backend = await openLocalBackend(model, { device, dtype, threads })
  try {
    const metrics = await evaluatePolicy({ recipe, backend, model: backend.model, task: loaded }, examples, 0)
    const rates = metrics.pass_histogram.flatMap((share, correct) =>
      new Array<number>(Math.round(share * problems)).fill(correct / samples),
    )
    const { low, high } = bootstrapMean(rates, { seed })
    return { ...metrics, avg_at_k_interval: [low, high] }
  } finally {
    await backend.close()
  }
}
