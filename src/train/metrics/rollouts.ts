/** Metrics of a step's completions. */
import type { MetricFamily, Metrics, SharedFigures } from './metric.js'

export const rolloutMetrics = {
  reward_mean: {
    title: 'Reward',
    caption: 'Mean reward of the completions sampled in the step.',
    better: 'higher',
    always: true,
    shown: { id: 'reward', group: 'learning', curve: 'mean reward', in: 'both' },
  },
  correct_mean: {
    title: 'Correct',
    unit: 'share of completions',
    caption: 'Completions that the task calls correct, whatever other rewards say. Absent if it gives no verdict.',
    better: 'higher',
    shown: { id: 'correct', group: 'learning', include: [0], in: 'both', unless: 'reward_mean' },
  },
  entropy_nats: {
    title: 'Entropy',
    unit: 'nats',
    caption:
      'Mean over the sampled tokens of the entropy H of the distribution each was drawn from, before the step’s update.',
    always: true,
    bounded: true,
    shown: { id: 'entropy', group: 'learning', include: [0], in: 'both' },
  },
  entropy_estimate_nats: {
    title: 'Estimated entropy',
    unit: 'nats',
    caption:
      'Mean of −log p over the sampled tokens, which estimates their mean entropy: in place of entropy_nats ' +
      'when the backend gives no distributions.',
    shown: { id: 'entropy-estimate', group: 'learning', include: [0], in: 'both' },
  },
  completion_length_mean: {
    title: 'Completion length',
    unit: 'tokens',
    caption: 'Mean over the completions of the step, the end token included.',
    always: true,
    shown: { id: 'length', group: 'completions', curve: 'mean length', include: [0], in: 'both' },
  },
  truncated_fraction: {
    title: 'Truncated completions',
    unit: 'share',
    caption: 'Share of completions that were cut off at the length limit (rollout.maxNewTokens).',
    better: 'lower',
    always: true,
    shown: { figure: 'shares', curve: 'truncated' },
  },
  zero_signal_fraction: {
    title: 'Groups without signal',
    unit: 'share',
    caption:
      'Share of groups without a signal: all rewards are equal, or with rollout.signal: task, all of the task’s ' +
      'own rewards. Absent for groups of one completion.',
    better: 'lower',
    shown: { figure: 'shares', curve: 'without signal' },
  },
  reward_std: {
    title: 'Spread of the reward',
    caption: 'Standard deviation over the completions of the step.',
    always: true,
    shown: { id: 'reward-spread', group: 'completions', curve: 'standard deviation', include: [0] },
  },
  completion_tokens: {
    title: 'Tokens sampled',
    unit: 'tokens',
    caption: 'Completion tokens of the step.',
    always: true,
    shown: { id: 'tokens', group: 'completions', curve: 'tokens', unit: 'tokens per step', include: [0] },
  },
  edge_draws: {
    title: 'Draws at an edge',
    unit: 'tokens',
    caption:
      'Tokens whose draw fell within rounding of an edge of the cumulative distribution. Only these may differ ' +
      'between batch sizes.',
    shown: { group: 'update', curve: 'draws', include: [0] },
  },
  sampling_cut_mass: {
    title: 'Probability cut away in sampling',
    unit: 'share',
    caption: 'Mean probability that top-p, top-k, or min-p removed. Present if one of them is used.',
    shown: { group: 'update', include: [0] },
  },
  resample_tries: {
    title: 'Further rounds of sampling',
    caption: 'Rounds of sampling after the first that dynamic sampling needed in the step.',
    better: 'lower',
    shown: { group: 'completions', curve: 'rounds', include: [0] },
  },
  sampled_prompts: {
    title: 'Prompts sampled',
    caption: 'Prompts that dynamic sampling used in the step, including those it replaced.',
    shown: { group: 'completions', curve: 'prompts', include: [0] },
  },
  sampled_tokens: {
    title: 'Tokens sampled, replaced groups included',
    unit: 'tokens',
    caption: 'Completion tokens of all groups that dynamic sampling sampled in the step.',
    shown: { figure: 'sampled', curve: 'sampled' },
  },
  sampled_tokens_discarded: {
    title: 'Tokens discarded',
    unit: 'tokens',
    caption: 'Completion tokens of the groups that dynamic sampling replaced.',
    better: 'lower',
    shown: { figure: 'sampled', curve: 'discarded' },
  },
  sampled_reward_mean: {
    title: 'Reward, replaced groups included',
    caption: 'Mean reward of all completions that dynamic sampling sampled in the step.',
    better: 'higher',
    shown: { group: 'completions', curve: 'mean reward' },
  },
  sampled_zero_signal_fraction: {
    title: 'Groups without signal, before they are replaced',
    unit: 'share',
    caption: 'Share of groups without a signal among all that dynamic sampling sampled in the step.',
    better: 'lower',
    shown: { group: 'completions', curve: 'without signal', include: [0] },
  },
} satisfies Metrics

export const rolloutFigures = {
  shares: {
    group: 'completions',
    title: 'Truncated, and without signal',
    unit: 'share',
    caption:
      'Completions that ran into the length limit, and groups whose rewards are all equal, which tell nothing ' +
      'of the task.',
    include: [0],
  },
  sampled: {
    group: 'completions',
    title: 'Tokens of dynamic sampling',
    unit: 'tokens per step',
    caption: 'All that were sampled, and those of the groups that were replaced.',
    include: [0],
  },
} satisfies SharedFigures

export const rolloutFamilies: MetricFamily[] = [
  {
    key: 'reward/NAME',
    prefix: 'reward/',
    topic: 'Completions',
    metric: {
      title: 'Share of the reward',
      caption: 'Mean of one of task.rewards, without its weight; the task’s own reward is `reward/task`.',
      better: 'higher',
    },
    figure: {
      id: 'reward-parts',
      group: 'learning',
      title: 'Parts of the reward',
      caption: 'Means over the completions of the step, without the weights with which they are summed.',
    },
  },
]
/** The keys of {@link rolloutFamilies}. */
export interface RolloutFamilyValues {
  [reward: `reward/${string}`]: number | undefined
}
