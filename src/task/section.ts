/** The recipe's `task` section, as far as every task shares it; the other keys are the task's own. */
import { z } from 'zod'
import { templateKey } from './template.js'

export const taskSection = z.looseObject({
  name: z
    .string()
    .min(1)
    .describe('A built-in task, or the path of a module (.ts, .js) that exports one by defineTask, or of a data file.'),
  system: z
    .string()
    .optional()
    .describe("System prompt put before every problem's chat; absent: none but what the model's template adds."),
  template: templateKey
    .optional()
    .describe(
      "Variables of the model's chat template, such as {enable_thinking: false}. For tasks that read rows, a text is the " +
        'user message.',
    ),
})
