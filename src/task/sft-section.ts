/** The `data` section of a supervised recipe: where its examples come from. */
import { z } from 'zod'
import { count } from '../base/numbers.js'
import { taskSection } from './section.js'
import { plainTemplate, templateKey } from './template.js'

const column = z.string().min(1).optional()

export const sftDataSection = z.strictObject({
  path: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The examples: a file (JSON lines, JSON array, CSV, Parquet) or a hub data set (owner/name). Known layouts: a chat ' +
        "in messages (or ShareGPT's conversations), prompt and completion as text or chat, GSM8K's question and answer.",
    ),
  revision: column.describe('On the hub: branch, tag or commit; absent: main.'),
  config: column.describe("On the hub: the data set's configuration."),
  split: column.describe('On the hub: the split of path; absent: train.'),
  task: taskSection
    .optional()
    .describe(
      'A task whose problems have reference solutions (gsm8k), in place of path: the prompts are then those that ' +
        '`isentrope train` will give.',
    ),
  evalPath: z
    .string()
    .min(1)
    .optional()
    .describe('The validation examples: a file, or a hub data set, whose test split is taken.'),
  evalShare: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe(
      'Share of path held out for validation, by a hash of the prompt; without effect where there is evalPath.',
    ),
  messages: column.describe('Column of the chat; absent: messages, conversations, conversation or chat.'),
  prompt: column.describe('Column of the prompt; absent: prompt, question, problem, instruction or input.'),
  completion: column.describe(
    'Column of the completion; absent: completion, response, output, answer, solution or target.',
  ),
  template: templateKey
    .default(plainTemplate)
    .describe(
      "Text of the user's message; {prompt} stands for the prompt. An object: variables of the model's chat template, such " +
        'as {enable_thinking: false}.',
    ),
  message: z.string().optional().describe("Text of the user's message where template holds variables."),
  system: z.string().optional().describe('System message of chats that have none of their own.'),
  chat: z
    .boolean()
    .default(true)
    .describe(
      "Texts of prompt and completion become a chat in the model's template. false: they are tokenised as they stand.",
    ),
  maxTokens: count.optional().describe("Longest example, in tokens, prompt included; absent: the model's positions."),
  tooLong: z
    .enum(['drop', 'truncate'])
    .default('drop')
    .describe('What becomes of a longer one. drop: it is left out. truncate: its end is, and with it the end token.'),
})

export type SftDataSection = z.output<typeof sftDataSection>
