/** The recipe's `entropy` section: control of the policy's entropy. */
import { z } from 'zod'
import { bound, fraction } from '../base/numbers.js'
import { entropyMethods, methodSections } from './methods/recipe-keys.js'
import { entropyTarget } from './target.js'

export const entropySection = z.strictObject({
  method: z
    .union([z.enum(entropyMethods), z.array(z.enum(entropyMethods)).min(1)])
    .default('none')
    .describe(
      'Which gradients are masked or weighted to control entropy, one name or a list whose masks and weights multiply; ' +
        'docs/methods.md has the formulas. clip-b, clip-v: outliers of S* against the batch mean, against its ' +
        'expectation over the vocabulary (arXiv 2602.03392). ppo-clip is what none does too, with algorithm.clipLow and ' +
        'clipHigh; entropy-bonus reads algorithm.entropyCoef. mask-lowering, mask-raising, only-...: for experiments, ' +
        'whole classes of updates by the signs of A and of the centred score (likely: above 0). Masks never change the ' +
        "loss's denominators.",
    ),
  preset: z
    .enum(['paper', 'trinity'])
    .default('paper')
    .describe(
      'paper: both sides, all tokens; muLow or muHigh must be given. trinity: the released code of the authors, only ' +
        'tokens with A < 0 and the lower side (clip-b muLow 2.5; clip-v muLow 8.5, at most 1e-4 of the policy tokens).',
    ),
  muLow: bound
    .optional()
    .describe("Lower bound in standard deviations of the method's score; absent under paper: .inf (open)."),
  muHigh: bound.optional().describe("Upper bound in standard deviations of the method's score; absent: .inf (open)."),
  applyTo: z
    .enum(['all', 'negative', 'positive'])
    .optional()
    .describe('Sign of the advantage whose tokens may be masked; absent: all under paper, negative under trinity.'),
  maxFraction: fraction
    .optional()
    .describe("Largest share of the eligible tokens that may be masked, the farthest first; absent: the preset's."),
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
