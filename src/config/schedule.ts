import type { Recipe } from './recipe.js'

/**
 * Whether the policy is evaluated after `step` steps (0 = before the first). The loop and the run must agree on it: a
 * checkpoint of a step waits for that step's evaluation.
 */
export function evaluationDue(recipe: Recipe, step: number): boolean {
  if (!recipe.eval) return false
  return step % recipe.eval.every === 0 || step === recipe.train.steps
}

export function checkpointDue(recipe: Recipe, step: number): boolean {
  return step % recipe.checkpoint.every === 0 || step === recipe.train.steps
}

/** The metric that chooses the best checkpoint. */
export function bestMetric(recipe: Recipe): 'reward_mean' | 'avg_at_k' | 'pass_at_k' {
  return recipe.checkpoint.best ?? (recipe.eval ? 'avg_at_k' : 'reward_mean')
}
