/** The `train` and `eval` sections of a supervised recipe. */
import { z } from 'zod'
import { count } from '../../base/numbers.js'
import type { SftDataSection } from '../../task/sft-section.js'
import { trainSection } from '../section.js'

export const sftTrainSection = z.strictObject({
  epochs: z.number().gt(0).default(1).describe('Passes over the examples.'),
  steps: count.optional().describe('Number of optimizer steps, in place of epochs.'),
  examplesPerStep: count
    .default(16)
    .describe('Examples per optimizer step. The loss is the mean over their learned tokens.'),
  ...trainSection.pick({ tokenBudget: true, activationCheckpointing: true, optimizerDevice: true }).shape,
  lr: z.number().min(0).default(2e-5).describe('Peak learning rate of AdamW.'),
  schedule: trainSection.shape.schedule
    .unwrap()
    .default('cosine')
    .describe(trainSection.shape.schedule.description ?? ''),
  ...trainSection.pick({
    warmupSteps: true,
    weightDecay: true,
    betas: true,
    eps: true,
    gradClip: true,
    onNonFinite: true,
  }).shape,
})

export const validationSection = z.strictObject({
  every: count
    .default(50)
    .describe('Steps between validations. One also runs before the first step and after the last.'),
  examples: count.optional().describe('Number of validation examples, the first ones. Default: all.'),
})

export type SftTrainSection = z.output<typeof sftTrainSection>
export type ValidationSection = z.output<typeof validationSection>

/** What the supervised loop reads of a recipe. */
export interface SftOptions {
  seed: number
  data: SftDataSection
  train: SftTrainSection
  eval?: ValidationSection
}
