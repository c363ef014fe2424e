/** The recipe's `rollout` section: how completions are sampled. */
import { z } from 'zod'
import { count, fraction, optionalCount } from '../base/numbers.js'

export const rolloutSection = z.strictObject({
  promptsPerStep: count.default(8).describe('Prompts per step. Each gives one group of completions.'),
  samplesPerPrompt: count
    .default(8)
    .describe('Completions per prompt, the group within which rewards are compared (at least 2).'),
  maxNewTokens: count
    .default(256)
    .describe('Longest completion, in tokens. A longer one is cut off and counts as truncated.'),
  temperature: z
    .number()
    .gt(0)
    .default(1)
    .describe('Temperature T of the policy softmax(z/T), in sampling, statistics, ratios, and the reference.'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      'Nucleus sampling: sample from the smallest set of tokens with this total probability. Below 1, the ' +
        'entropy theory no longer holds exactly.',
    ),
  topK: optionalCount.default(0).describe('Sample only from the k most likely tokens. 0: all. Same caveat as topP.'),
  minP: fraction
    .default(0)
    .describe('Sample only tokens with p >= minP times the largest p. 0: all. Same caveat as topP.'),
  batchSize: count
    .default(64)
    .describe(
      'Largest number of completions sampled at once. Larger is faster and needs more memory. The draws do not ' +
        'depend on it.',
    ),
  stopStrings: z.array(z.string().min(1)).default([]).describe('Texts that end a completion when they appear.'),
  signal: z
    .enum(['task', 'reward'])
    .optional()
    .describe(
      'What must differ within a group for it to have a signal (see zero_signal_fraction and dynamicSampling). ' +
        "task: the total reward and the task's own reward, so that a group with only wrong answers has none, " +
        'whatever other rewards say (DAPO). A task reward with weight 0 does not count. reward: only the weighted ' +
        "sum. Differences within rounding don't count. Default: task.",
    ),
  dynamicSampling: z
    .strictObject({
      maxTries: count
        .default(4)
        .describe(
          'Largest number of additional sampling rounds per step, each with as many prompts as still lack a ' +
            'signal. After them, the first groups without a signal fill the batch.',
        ),
    })
    .optional()
    .describe(
      'Replace groups without a signal by groups of further prompts (DAPO); metrics say what was sampled and ' +
        'not trained on. Absent: off.',
    ),
})

export type RolloutSection = z.output<typeof rolloutSection>
