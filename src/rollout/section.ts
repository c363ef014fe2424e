/** The recipe's `rollout` section: how completions are sampled. */
import { z } from 'zod'
import { count, fraction, optionalCount } from '../base/numbers.js'

export const rolloutSection = z.strictObject({
  promptsPerStep: count.default(8).describe('Prompts per step; each gives one group of completions.'),
  samplesPerPrompt: count
    .default(8)
    .describe('Completions per prompt: the group that advantages compare (at least 2).'),
  maxNewTokens: count
    .default(256)
    .describe('Longest completion, in tokens; a longer one is cut and counts as truncated.'),
  temperature: z
    .number()
    .gt(0)
    .default(1)
    .describe('T of the policy softmax(z/T), in sampling, statistics, ratios and the reference alike.'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      'Nucleus sampling: smallest set of tokens with this mass. Below 1 the entropy theory no longer holds exactly.',
    ),
  topK: optionalCount.default(0).describe('Sample from the k likeliest tokens only; 0: all. Same caveat as topP.'),
  minP: fraction
    .default(0)
    .describe('Sample only tokens with p >= minP times the largest p; 0: all. Same caveat as topP.'),
  batchSize: count
    .default(64)
    .describe('Rows sampled at once at most: memory for speed; the draws do not depend on it.'),
  stopStrings: z.array(z.string().min(1)).default([]).describe('Texts that end a completion where they appear.'),
  signal: z
    .enum(['task', 'reward'])
    .optional()
    .describe(
      'What must differ within a group for it to have a signal, which zero_signal_fraction and dynamicSampling go by. task: ' +
        "the reward and the task's own reward, so that a group that is wrong throughout has none, whatever its lengths cost " +
        "(DAPO); a task reward of weight 0 does not count. reward: the weighted sum alone. Differences within rounding don't count. Absent: task.",
    ),
  dynamicSampling: z
    .strictObject({
      maxTries: count
        .default(4)
        .describe(
          'Further rounds of sampling in a step at most, each of as many prompts as still lack a signal; after them the ' +
            'first groups without one fill the batch.',
        ),
    })
    .optional()
    .describe(
      'Replace groups without a signal by groups of further prompts (DAPO); metrics say what was sampled and ' +
        'not trained on. Absent: off.',
    ),
})

export type RolloutSection = z.output<typeof rolloutSection>
