/** The recipe's `task` section, as far as every task shares it; the other keys are the task's own. */
import { z } from 'zod'
import { templateKey } from './template.js'

export const taskSection = z.looseObject({
  name: z
    .string()
    .min(1)
    .describe(
      'A built-in task, or the path of a data file or of a module (.ts, .js) that exports a task made by defineTask.',
    ),
  system: z
    .string()
    .optional()
    .describe("System prompt for every problem. Default: only what the model's template adds."),
  template: templateKey
    .optional()
    .describe(
      "Variables for the model's chat template, such as {enable_thinking: false}. For tasks that read rows, a text sets the " +
        'user message.',
    ),
})
