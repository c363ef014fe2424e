/** The recipe's `algorithm` section: from rewards to a loss. */
import { z } from 'zod'
import { bound, count } from '../base/numbers.js'
import { ppoBound } from '../entropy/methods/ppo-clip.js'

/** Grows by one word per algorithm that the training loop implements. */
export const algorithmNames = ['grpo', 'ppo'] as const

export const algorithmSection = z.strictObject({
  name: z
    .enum(algorithmNames)
    .default('grpo')
    .describe(
      'grpo: advantages relative to the group (DeepSeekMath, arXiv 2402.03300). ppo: an advantage for each ' +
        'token from a critic (arXiv 1707.06347; see the critic section).',
    ),
  advantage: z
    .enum(['group', 'group-nostd', 'leave-one-out', 'batch'])
    .default('group')
    .describe(
      'group: (R - mean) / (std + 1e-4) within the group, std with n - 1 (GRPO). group-nostd: R - mean (Dr. GRPO). ' +
        "leave-one-out: R - mean of the group's others (RLOO). batch: R - group mean, over the std of the whole batch. " +
        'A group of equal rewards gets exactly 0. Not used by ppo.',
    ),
  clipLow: bound
    .prefault(ppoBound)
    .describe(
      'PPO clip: no gradient if r < 1 - clipLow and A < 0 (arXiv 1707.06347). .inf: off. 0: no gradient as soon ' +
        "as r is below 1. On a batch's first update r differs from 1 only by rounding (about 1e-6), so 0 then " +
        'stops about half of the tokens with A < 0 at random.',
    ),
  clipHigh: bound
    .prefault(ppoBound)
    .describe(
      'PPO clip: no gradient if r > 1 + clipHigh and A > 0. DAPO (arXiv 2503.14476) uses 0.28. .inf: off. 0: ' +
        'like 0 for clipLow, with r above 1 and A > 0.',
    ),
  aggregation: z
    .enum(['token', 'sequence', 'constant'])
    .default('token')
    .describe(
      "How token objectives are summed. token: mean over the batch's policy tokens (DAPO). sequence: mean per " +
        'completion, ' +
        'then over completions (GRPO). constant: sum over completions x constantLength (Dr. GRPO, arXiv 2503.20783).',
    ),
  constantLength: count
    .optional()
    .describe(
      'Divisor per completion, in tokens, for `aggregation: constant`. Default: rollout.maxNewTokens, as in Dr. GRPO.',
    ),
  klCoef: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Weight of the KL divergence to the frozen starting policy (klIn says where it acts). 0: keep no reference (DAPO).',
    ),
  klIn: z
    .enum(['loss', 'reward'])
    .default('loss')
    .describe(
      'loss: a term of the objective, estimated by klEstimator. reward (ppo only): adds -klCoef x (log p - log ' +
        "p_ref) of the sampler to each token's reward (the estimator k1).",
    ),
  klTarget: z
    .number()
    .gt(0)
    .optional()
    .describe(
      'Adapts klCoef, starting at the given value, so that the mean KL of a completion (sum of log p - log ' +
        'p_ref of the sampler over its tokens, in nats) stays at this target (arXiv 1909.08593 uses 6). ' +
        'Completions that maskTruncated leaves out do not count. Default: klCoef is fixed.',
    ),
  klHorizon: count
    .optional()
    .describe(
      'Number of completions over which klTarget changes klCoef by its whole error of at most 20%. Default: ' +
        '10000 (TRL, verl).',
    ),
  klEstimator: z
    .enum(['k2', 'k3'])
    .default('k3')
    .describe('Per-token estimator of that KL: k2 = (log r)^2 / 2, k3 = r - 1 - log r with r = p_ref / p (GRPO).'),
  maskTruncated: z
    .boolean()
    .default(false)
    .describe('Leave out truncated completions, from gradients and from denominators (DAPO).'),
  importanceCap: bound
    .prefault(Infinity)
    .describe('Largest importance weight: r is replaced by min(r, cap). .inf: no limit.'),
  entropyCoef: z
    .number()
    .default(0)
    .describe('Fixed entropy bonus: adds coef x H (nats) per policy token to the objective. Negative: a penalty.'),
})

export type AlgorithmSection = z.output<typeof algorithmSection>
