/** The recipe's `eval` section: held-out evaluation during training. */
import { z } from 'zod'
import { count } from '../base/numbers.js'
import { taskSection } from '../task/section.js'

export const evalSection = z.strictObject({
  task: taskSection.optional().describe("Task of the held-out problems. Default: the training task's eval split."),
  every: count
    .default(10)
    .describe('Steps between evaluations. One also runs before the first step and after the last.'),
  samples: count.default(8).describe('Completions per problem: the K of Avg@K and Pass@K.'),
  problems: count.default(64).describe('Number of held-out problems, the first ones of the eval split.'),
  temperature: z.number().gt(0).optional().describe('Sampling temperature. Default: rollout.temperature.'),
  seed: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Seed of the draws of every evaluation. Independent of the run's seed."),
})

export type EvalSection = z.output<typeof evalSection>
