/** Metrics of a step's updates of the policy. */
import type { MetricFamily, Metrics, SharedFigures } from './metric.js'

export const updateMetrics = {
  grad_norm: {
    title: 'Gradient norm',
    caption: 'Global L2 norm before clipping.',
    combine: 'mean',
    shown: { group: 'update', include: [0], mayBeLog: true, in: 'both' },
  },
  ppo_clip_fraction: {
    title: 'PPO clip',
    unit: 'share of policy tokens',
    caption: 'Tokens whose ratio is outside the clip range on the side that their advantage pushes toward.',
    combine: 'share',
    shown: { id: 'ppo-clip', group: 'update', curve: 'clipped', include: [0], in: 'both' },
  },
  ratio_max: {
    title: 'Largest ratio',
    caption: 'Largest importance ratio r = p(now) / p(rollout) of a token in the step.',
    combine: 'max',
    shown: { id: 'ratio', group: 'update', mayBeLog: true },
  },
  kl_nats: {
    title: 'KL divergence to the reference',
    unit: 'nats',
    caption:
      'Mean over the policy tokens of the KL estimate to the frozen reference: by algorithm.klEstimator in the ' +
      'loss, k1 in the reward. Present when algorithm.klCoef is above 0.',
    combine: 'share',
    better: 'lower',
    shown: { id: 'kl', group: 'update', curve: 'KL', include: [0], in: 'both' },
  },
  loss: {
    title: 'Loss',
    caption:
      'The negative objective over all policy tokens, including masked ones. In policy-gradient training its ' +
      'level says little, but a jump is a sign of trouble.',
    combine: 'mean',
    shown: { group: 'update' },
  },
  kl_coef: {
    title: 'KL coefficient',
    caption: 'The weight of the KL term in the step.',
    shown: { id: 'kl-coefficient', group: 'update', curve: 'coefficient', include: [0] },
  },
  kl_completion_nats: {
    title: 'KL divergence of a completion',
    unit: 'nats',
    caption:
      'Mean over completions of the sum of log p − log p of the reference over their tokens. algorithm.klTarget ' +
      'controls it.',
    better: 'lower',
    shown: { id: 'kl-completion', group: 'update', curve: 'KL', include: [0] },
  },
  lr: {
    title: 'Learning rate',
    caption: 'The policy’s learning rate in the step.',
    always: true,
    shown: { figure: 'lr', curve: 'learning rate' },
  },
  logprob_gap_max: {
    title: 'Sampling and training disagree by at most',
    unit: 'nats',
    caption: 'Largest difference of a token’s log-probability between the sampler and the first training pass.',
    combine: 'max',
    better: 'lower',
    shown: { id: 'gap', group: 'update', curve: 'largest gap', mayBeLog: true },
  },
} satisfies Metrics

export const updateFigures = {
  lr: {
    group: 'update',
    title: 'Learning rate',
    caption: 'The optimizers’ rates in the step.',
    include: [0],
  },
} satisfies SharedFigures

export const updateFamilies: MetricFamily[] = [
  {
    key: 'gap_NAME',
    prefix: 'gap_',
    topic: 'Updates',
    metric: {
      title: 'Gap between sampler and backend',
      caption:
        'What an external sampler says of its log-probabilities against the backend’s, and of the weights that ' +
        'correct for the difference.',
    },
    figure: {
      id: 'gaps',
      group: 'update',
      title: 'Gap between sampler and backend',
      caption: 'Differences between the log-probabilities of the external sampler and those of the backend.',
    },
  },
]
/** The keys of {@link updateFamilies}. */
export interface UpdateFamilyValues {
  [gap: `gap_${string}`]: number | undefined
}
