/** The recipe's `entropy` section: control of the policy's entropy. */
import { z } from 'zod'
import { noneMethod } from './methods/none.js'
import { entropyMethods, flatKeys, methodSections } from './methods/recipe-keys.js'
import { entropyTarget } from './target.js'

export const entropySection = z.strictObject({
  method: z
    .union([z.enum(entropyMethods), z.array(z.enum(entropyMethods)).min(1)])
    .default(noneMethod.name)
    .describe(
      'The entropy method, which masks or weights gradients: one name, or a list whose masks and weights ' +
        'multiply. docs/methods.md has the formulas. clip-b masks outliers of the score S* relative to the batch ' +
        'mean, and clip-v relative to its expectation over the vocabulary (arXiv 2602.03392). ppo-clip is the ' +
        'same as none. It uses algorithm.clipLow and clipHigh. entropy-bonus uses algorithm.entropyCoef. ' +
        'mask-lowering, mask-raising, and only-... are for experiments: they mask whole classes of updates by the ' +
        'signs of A and of the centered score (likely: above 0). Masks never change the ' +
        "loss's denominators.",
    ),
  ...flatKeys,
  statistics: z
    .enum(['rollout', 'current'])
    .default('current')
    .describe(
      "Which policy's statistics the scores use from a batch's second update on. (The first update uses the " +
        "sampler's.) current: recompute them with a forward pass over the whole minibatch before its update. " +
        'rollout: keep those of sampling.',
    ),
  target: entropyTarget
    .optional()
    .describe(
      'Entropy, in nats per token, that clip-b or clip-v should hold. A controller sets their bounds for every ' +
        'update, in place of muLow and muHigh. maxFraction is then 0.25 by default. A number, {from, to, steps} ' +
        '(a line over the first steps), or a list of [step, nats] joined by lines (docs/control.md). Default: ' +
        'fixed bounds.',
    ),
  ...methodSections,
})

export type EntropySection = z.output<typeof entropySection>
