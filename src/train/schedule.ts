/** What happens at which step: the learning rate, and when the policy is evaluated. */
import type { LoopOptions } from './options.js'

/** For step 1 .. steps: a linear rise over warmupSteps, then constant, or down to 0 at the end, linearly or as a cosine. */
export function learningRate(
  { lr, schedule, steps, warmupSteps }: Pick<LoopOptions['train'], 'lr' | 'schedule' | 'steps' | 'warmupSteps'>,
  step: number,
): number {
  if (step <= warmupSteps) return (lr * step) / warmupSteps
  const progress = (step - 1 - warmupSteps) / Math.max(1, steps - warmupSteps)
  if (schedule === 'linear') return lr * (1 - progress)
  if (schedule === 'cosine') return (lr * (1 + Math.cos(Math.PI * progress))) / 2
  return lr
}

/**
 * Whether the policy is evaluated after `step` steps (0 = before the first). The loop and the run must agree on it: a
 * checkpoint of a step waits for that step's evaluation.
 */
export function evaluationDue({ eval: evaluation, train }: Pick<LoopOptions, 'eval' | 'train'>, step: number): boolean {
  if (!evaluation) return false
  return step % evaluation.every === 0 || step === train.steps
}
