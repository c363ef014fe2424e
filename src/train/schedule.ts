/** The learning rate of a step. */
import type { Recipe } from '../config/recipe.js'

/** For step 1 .. steps: a linear rise over warmupSteps, then constant, or down to 0 at the end, linearly or as a cosine. */
export function learningRate(
  { lr, schedule, steps, warmupSteps }: Pick<Recipe['train'], 'lr' | 'schedule' | 'steps' | 'warmupSteps'>,
  step: number,
): number {
  if (step <= warmupSteps) return (lr * step) / warmupSteps
  const progress = (step - 1 - warmupSteps) / Math.max(1, steps - warmupSteps)
  if (schedule === 'linear') return lr * (1 - progress)
  if (schedule === 'cosine') return (lr * (1 + Math.cos(Math.PI * progress))) / 2
  return lr
}
