/** The recipe's `checkpoint` section: what a killed run resumes from. */
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { count } from '../base/numbers.js'
import type { LoopOptions } from '../train/options.js'

export const bestMetrics = ['reward_mean', 'avg_at_k', 'pass_at_k'] as const

export const checkpointSection = z.strictObject({
  every: count.default(20).describe('Steps between checkpoints. One is also written after the last step.'),
  keep: count.default(2).describe('Checkpoints kept: this many of the newest, and the best one besides.'),
  best: z
    .enum(bestMetrics)
    .optional()
    .describe(
      "Metric that selects the best checkpoint by its largest value. reward_mean: of the checkpoint's own step. " +
        'avg_at_k, pass_at_k: of an evaluation. An evaluation that is better than all before it writes a ' +
        "checkpoint. Default: avg_at_k if the recipe has eval (or the evaluation's mean reward if the task gives " +
        'no verdict), else reward_mean.',
    ),
})

type Kept = Pick<LoopOptions, 'train' | 'eval'> & { checkpoint: z.output<typeof checkpointSection> }

/** Whether a checkpoint is written after `step` steps. */
export function checkpointDue({ checkpoint, train }: Pick<Kept, 'checkpoint' | 'train'>, step: number): boolean {
  return step % checkpoint.every === 0 || step === train.steps
}

/** What chooses the best checkpoint: a metric, and whether it is an evaluation's (else the step's own). */
export interface BestBy {
  metric: (typeof bestMetrics)[number]
  evaluated: boolean
}

/**
 * `evaluation`: one of the run's, where it has any; a task without a verdict leaves the reward to choose by.
 * @throws UserError where the recipe names a metric that the task gives no verdict for, at the first evaluation.
 */
export function bestBy(
  { checkpoint: { best }, eval: section }: Pick<Kept, 'checkpoint' | 'eval'>,
  evaluation?: { step: number } & Partial<Record<(typeof bestMetrics)[number], number>>,
): BestBy {
  if (best === 'reward_mean' || section === undefined) return { metric: 'reward_mean', evaluated: false }
  const metric = best ?? 'avg_at_k'
  if (evaluation === undefined || evaluation[metric] !== undefined) return { metric, evaluated: true }
  // A run from before tasks had verdicts goes on by the reward; a new one is told before anything is trained.
  if (best === undefined || evaluation.step > 0) return { metric: 'reward_mean', evaluated: true }
  throw new UserError(`checkpoint.best: there is no ${best}, as the task does not say which completions are correct`, {
    hint: 'let its grader return {reward, correct}, or set checkpoint.best to reward_mean',
  })
}
