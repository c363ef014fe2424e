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
      'own: a second trunk that begins as the policy (as its base, where an adapter is trained) and is trained with the ' +
        'head; it is as large as the policy, and so is its optimizer. frozen: a linear head on the starting policy, ' +
        'shared with the KL reference.',
    ),
  lr: z
    .number()
    .min(0)
    .optional()
    .describe(
      `Peak learning rate of the critic's AdamW; absent: ${defaultLr.own} with its own trunk, ${defaultLr.frozen} for a ` +
        'head alone. train.schedule and train.warmupSteps shape it too; betas, eps and weight decay are those of train.',
    ),
  gradClip: bound.prefault(1).describe("Largest global L2 norm of the critic's gradient. .inf: no clipping."),
  valueClip: bound
    .prefault(0.2)
    .describe(
      'Value clipping, in units of the reward: a value that one batch has moved further than this is not moved on by it ' +
        '(0.2 as TRL). .inf: off.',
    ),
  warmupSteps: optionalCount
    .default(0)
    .describe('First steps in which the critic alone is trained; the policy stays as it is.'),
  gamma: fraction.default(1).describe('Discount per token of GAE (arXiv 1506.02438).'),
  lambda: fraction
    .default(0.95)
    .describe('GAE: 1 takes the whole return minus the value; lower has less variance and trusts the critic more.'),
  whiten: z
    .boolean()
    .default(true)
    .describe(
      "Advantages of a step are shifted and scaled to mean 0 and variance 1 over all of the batch's policy tokens, " +
        'whether masked by an entropy method or not.',
    ),
})

export type CriticSection = z.output<typeof criticSection>

/** The critic's peak learning rate. */
export const criticLr = ({ lr, trunk }: CriticSection): number => lr ?? defaultLr[trunk]
