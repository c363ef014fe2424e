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
      'Which gradients are masked or weighted to control entropy, one name or a list whose masks and weights multiply; ' +
        'docs/methods.md has the formulas. clip-b, clip-v: outliers of S* against the batch mean, against its ' +
        'expectation over the vocabulary (arXiv 2602.03392). ppo-clip is what none does too, with algorithm.clipLow and ' +
        'clipHigh; entropy-bonus reads algorithm.entropyCoef. mask-lowering, mask-raising, only-...: for experiments, ' +
        'whole classes of updates by the signs of A and of the centred score (likely: above 0). Masks never change the ' +
        "loss's denominators.",
    ),
  ...flatKeys,
  statistics: z
    .enum(['rollout', 'current'])
    .default('current')
    .describe(
      "Policy whose statistics the scores use from a batch's second update on (the first one's are the sampler's). " +
        'current: recomputed by a forward over the whole minibatch before its update. rollout: those of sampling, kept.',
    ),
  target: entropyTarget
    .optional()
    .describe(
      'Entropy, in nats per token, that clip-b or clip-v holds: a controller sets their bounds anew for every update, in ' +
        'place of muLow and muHigh; maxFraction is then 0.25 where absent. A number; {from, to, steps}: a line over the ' +
        'first steps; or a list of [step, nats], joined by lines (docs/control.md). Absent: fixed bounds.',
    ),
  ...methodSections,
})

export type EntropySection = z.output<typeof entropySection>
