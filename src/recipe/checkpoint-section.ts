/** The recipe's `checkpoint` section: what a killed run resumes from. */
import { z } from 'zod'
import { count } from '../base/numbers.js'
import type { LoopOptions } from '../train/options.js'

export const bestMetrics = ['reward_mean', 'avg_at_k', 'pass_at_k'] as const

export const checkpointSection = z.strictObject({
  every: count.default(20).describe('Steps between checkpoints; one is also written after the last step.'),
  keep: count.default(2).describe('Checkpoints kept: this many of the newest, and the best one besides.'),
  best: z
    .enum(bestMetrics)
    .optional()
    .describe(
      "Metric whose largest value makes a checkpoint the best. reward_mean: of the checkpoint's own step. avg_at_k, " +
        'pass_at_k: of an evaluation; a better one than all before writes a checkpoint at its step. Absent: avg_at_k ' +
        'where the recipe has eval, else reward_mean.',
    ),
})

type Kept = Pick<LoopOptions, 'train' | 'eval'> & { checkpoint: z.output<typeof checkpointSection> }

/** Whether a checkpoint is written after `step` steps. */
export function checkpointDue({ checkpoint, train }: Pick<Kept, 'checkpoint' | 'train'>, step: number): boolean {
  return step % checkpoint.every === 0 || step === train.steps
}

/** The metric that chooses the best checkpoint. */
export function bestMetric({
  checkpoint,
  eval: evaluation,
}: Pick<Kept, 'checkpoint' | 'eval'>): (typeof bestMetrics)[number] {
  return checkpoint.best ?? (evaluation ? 'avg_at_k' : 'reward_mean')
}
