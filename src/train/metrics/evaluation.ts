/** Metrics of a held-out evaluation during training: the numbers of a line of eval.jsonl. In texts, {K} is its samples. */
import type { Metrics } from './metric.js'

const axes = { group: 'learning', include: [0] } satisfies Partial<Metrics[string]['shown']>

export const evalMetrics = {
  samples: {
    title: 'Samples',
    caption: 'Completions per problem: the K of Avg@K and Pass@K.',
    always: true,
    shown: 'nowhere',
  },
  problems: { title: 'Problems', caption: 'Held-out problems.', always: true, shown: 'nowhere' },
  avg_at_k: {
    title: 'Avg@{K}',
    caption: 'Mean accuracy of {K} samples for each of {problems}, by the task’s own verdict; absent without one.',
    better: 'higher',
    shown: { ...axes, id: 'avg' },
  },
  pass_at_k: {
    title: 'Pass@{K}',
    caption: 'Share of {problems} that at least one of {K} samples solves, by the same verdict.',
    better: 'higher',
    shown: { ...axes, id: 'pass' },
  },
  reward_mean: {
    title: 'Reward on held-out problems',
    caption: 'Mean reward of {K} samples for each of {problems}, with all of task.rewards.',
    better: 'higher',
    // Runs from before it was measured have none.
    shown: { ...axes, id: 'held-out-reward', include: [], unless: 'avg_at_k' },
  },
  entropy_nats: {
    title: 'Entropy on held-out problems',
    unit: 'nats',
    caption: 'Mean over the tokens sampled in the evaluation. The problems are the same each time.',
    always: true,
    shown: { ...axes, id: 'held-out-entropy' },
  },
  completion_length_mean: {
    title: 'Completion length on held-out problems',
    unit: 'tokens',
    caption: 'Mean over the completions of the evaluation.',
    always: true,
    shown: { ...axes, id: 'held-out-length' },
  },
  truncated_fraction: {
    title: 'Truncated completions on held-out problems',
    unit: 'share',
    caption: 'Share of completions that were cut off at the length limit.',
    better: 'lower',
    shown: 'nowhere',
  },
} satisfies Metrics

/** A caption with its K and its problems, as numbers where these are known. */
export const evalText = (text: string, { k = 'K', problems = 'the held-out problems' } = {}): string =>
  text.replaceAll('{K}', k).replaceAll('{problems}', problems)
