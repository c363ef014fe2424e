/** The recipe's `eval` section: held-out evaluation during training. */
import { z } from 'zod'
import { count } from '../base/numbers.js'
import { taskSection } from '../task/section.js'

export const evalSection = z.strictObject({
  task: taskSection.optional().describe("The held-out problems' task; absent: the training task's eval split."),
  every: count
    .default(10)
    .describe('Steps between evaluations; one also runs before the first step and after the last.'),
  samples: count.default(8).describe('Completions per problem: the K of Avg@K and Pass@K.'),
  problems: count.default(64).describe('Held-out problems, the first ones of the eval split.'),
  temperature: z.number().gt(0).optional().describe('Sampling temperature; absent: rollout.temperature.'),
  seed: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Keys the draws of every evaluation; apart from the run's own randomness."),
})

export type EvalSection = z.output<typeof evalSection>
