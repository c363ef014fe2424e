/** The recipe's `lora` section: train a low-rank adapter instead of the weights. */
import { z } from 'zod'
import { count } from '../../base/numbers.js'
import { linearNames } from '../layout.js'

/** Of a new adapter. */
export const loraDefaults = { rank: 16, alpha: 32, targets: 'all-linear' } as const

export const loraSection = z.strictObject({
  rank: count
    .optional()
    .describe(
      `Rank r of the adapter's factors (arXiv 2106.09685). Default: ${loraDefaults.rank}, or that of lora.from.`,
    ),
  alpha: z
    .number()
    .gt(0)
    .optional()
    .describe(
      `The adapter's output is scaled by alpha / rank. Default: ${loraDefaults.alpha}, or that of lora.from. ` +
        'With alpha 32 ' +
        'about five times the learning rate of full fine-tuning gives steps of the same size at rank 16.',
    ),
  rankStabilized: z
    .boolean()
    .optional()
    .describe('Scale by alpha / sqrt(rank) instead (rsLoRA, arXiv 2312.03732). Default: false, or that of lora.from.'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      "Dropout on the adapter's input during training. Above 0, the trained policy differs from the sampled " +
        'one, so ratios move.',
    ),
  targets: z
    .union([z.literal('all-linear'), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      'Layers that get an adapter: all-linear (every linear layer except the head), or names: ' +
        `${linearNames.join(', ')}, ` +
        "or the family's own. Default: all-linear, or those of lora.from.",
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("Seed of the adapter's start (A uniform in +-1/sqrt(inputs), B zero) and of its dropout. Default: seed."),
  from: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A PEFT adapter to continue from: a directory or a hub id. It sets rank, alpha, rankStabilized, and targets.',
    ),
})

export type LoraSection = z.output<typeof loraSection>

/** What the engine is told: a new adapter, or how to train the given one. */
export function loraSettings({ lora, seed }: { lora?: LoraSection; seed: number }) {
  if (!lora) return undefined
  const { rank = loraDefaults.rank, alpha = loraDefaults.alpha, targets = loraDefaults.targets } = lora
  const { rankStabilized = false } = lora
  const own = lora.seed ?? seed
  return {
    ...(lora.from === undefined ? { create: { rank, alpha, rankStabilized, targets, seed: own } } : {}),
    ...(lora.dropout > 0 ? { dropout: { rate: lora.dropout, seed: own } } : {}),
  }
}

/** Keys that the given adapter decides. */
export const ofGivenAdapter = ['rank', 'alpha', 'rankStabilized', 'targets'] as const
