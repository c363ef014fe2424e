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
      'The examples: a file (JSON lines, JSON array, CSV, Parquet) or a hub data set (owner/name). Known ' +
        'layouts: a chat ' +
        "in messages (or ShareGPT's conversations), prompt and completion as text or chat, GSM8K's question and answer.",
    ),
  revision: column.describe('On the hub: branch, tag, or commit. Default: main.'),
  config: column.describe("On the hub: the data set's configuration."),
  split: column.describe('On the hub: the split of path. Default: train.'),
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
    .describe('The validation examples: a file, or a hub data set (its test split).'),
  evalShare: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe('Share of path to hold out for validation, by a hash of the prompt. Has no effect with evalPath.'),
  messages: column.describe('Column of the chat. Default: messages, conversations, conversation, or chat.'),
  prompt: column.describe('Column of the prompt. Default: prompt, question, problem, instruction, or input.'),
  completion: column.describe(
    'Column of the completion. Default: completion, response, output, answer, solution, or target.',
  ),
  template: templateKey
    .default(plainTemplate)
    .describe(
      "Text of the user's message. {prompt} stands for the prompt. An object sets variables of the model's chat template, " +
        'such as {enable_thinking: false}.',
    ),
  message: z.string().optional().describe("Text of the user's message if template is an object."),
  system: z.string().optional().describe('System message for chats without one.'),
  chat: z
    .boolean()
    .default(true)
    .describe("Turn prompt and completion into a chat with the model's template. false: tokenize them as plain text."),
  maxTokens: count
    .optional()
    .describe("Longest example, in tokens, including the prompt. Default: the model's positions."),
  tooLong: z
    .enum(['drop', 'truncate'])
    .default('drop')
    .describe(
      'What to do with a longer example. drop: leave it out. truncate: cut off its end, including the end token.',
    ),
})

export type SftDataSection = z.output<typeof sftDataSection>
