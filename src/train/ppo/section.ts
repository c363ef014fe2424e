/** The recipe's `critic` section: what PPO has beside the policy. */
import { z } from 'zod'
import { bound, fraction, optionalCount } from '../../base/numbers.js'

export const criticTrunks = ['own', 'frozen'] as const
export type CriticTrunk = (typeof criticTrunks)[number]

/** Learning rate where none is given: a head alone learns from features that do not move towards it. */
const defaultLr: Record<CriticTrunk, number> = { own: 1e-5, frozen: 1e-3 }

export const criticSection = z.strictObject({
  trunk: z
    .enum(criticTrunks)
    .default('own')
    .describe(
      'own: a second trunk that starts as the policy (as its base, if an adapter is trained) and is trained ' +
        'with the head. It is as large as the policy, and so is its optimizer. frozen: a linear head on the ' +
        'starting policy, which the KL reference shares.',
    ),
  lr: z
    .number()
    .min(0)
    .optional()
    .describe(
      `Peak learning rate of the critic's AdamW. Default: ${defaultLr.own} with its own trunk, ` +
        `${defaultLr.frozen} for a ` +
        'head alone. train.schedule and train.warmupSteps apply too. betas, eps, and weight decay are those of train.',
    ),
  gradClip: bound.prefault(1).describe("Largest global L2 norm of the critic's gradient. .inf: no clipping."),
  valueClip: bound
    .prefault(0.2)
    .describe(
      'Value clipping, in units of the reward: one batch moves a value by at most this much (0.2 as in TRL). .inf: off.',
    ),
  warmupSteps: optionalCount.default(0).describe('Number of first steps that train only the critic.'),
  gamma: fraction.default(1).describe('Discount per token of GAE (arXiv 1506.02438).'),
  lambda: fraction
    .default(0.95)
    .describe(
      'Lambda of GAE: 1 takes the whole return minus the value. Lower values have less variance and trust the ' +
        'critic more.',
    ),
  whiten: z
    .boolean()
    .default(true)
    .describe(
      "Shift and scale a step's advantages to mean 0 and variance 1 over all of the batch's policy tokens, " +
        'including tokens that an entropy method masks.',
    ),
})

export type CriticSection = z.output<typeof criticSection>

/** The critic's peak learning rate. */
export const criticLr = ({ lr, trunk }: CriticSection): number => lr ?? defaultLr[trunk]
