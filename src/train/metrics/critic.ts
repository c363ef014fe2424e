/** Metrics of PPO's critic. Means of its optimizer steps are weighted by their tokens. */
import type { Metrics, SharedFigures } from './metric.js'

export const criticMetrics = {
  explained_variance: {
    title: 'Explained variance',
    caption:
      'How much of the returns’ variance the critic explains before the step’s updates: 1 − Var(return − V) / ' +
      'Var(return) over the policy tokens. 1: all of it. 0: no more than their mean.',
    better: 'higher',
    shown: { group: 'update', include: [0, 1] },
  },
  returns_mean: {
    title: 'Mean return',
    caption: 'Mean return over the policy tokens, which the critic should predict.',
    shown: { figure: 'returns', curve: 'returns' },
  },
  values_mean: {
    title: 'Mean value',
    caption: 'Mean value over the policy tokens, as the critic predicted before the step’s updates.',
    shown: { figure: 'returns', curve: 'values' },
  },
  value_loss: {
    title: 'Loss of the critic',
    caption: 'Half the mean squared error of the critic’s values, with value clipping.',
    combine: 'mean',
    better: 'lower',
    shown: { group: 'update', curve: 'value loss', include: [0] },
  },
  value_clip_fraction: {
    title: 'Value clip',
    unit: 'share of policy tokens',
    caption: 'Tokens whose value was clipped.',
    combine: 'mean',
    shown: { group: 'update', curve: 'clipped', include: [0] },
  },
  critic_grad_norm: {
    title: 'Gradient norm of the critic',
    caption: 'Global L2 norm before clipping.',
    combine: 'mean',
    shown: { group: 'update', curve: 'gradient norm', include: [0], mayBeLog: true },
  },
  returns_std: {
    title: 'Spread of the returns',
    caption: 'Standard deviation over the policy tokens.',
    shown: { group: 'update', curve: 'standard deviation', include: [0] },
  },
  advantages_mean: {
    title: 'Mean advantage',
    caption: 'Over the policy tokens, before whitening.',
    shown: { group: 'update' },
  },
  advantages_std: {
    title: 'Spread of the advantages',
    caption: 'Standard deviation over the policy tokens, before whitening.',
    shown: { group: 'update', curve: 'standard deviation', include: [0] },
  },
  critic_lr: {
    title: 'Learning rate of the critic',
    caption: 'The critic’s learning rate in the step.',
    combine: 'mean',
    shown: { figure: 'lr', curve: 'critic’s' },
  },
} satisfies Metrics

export const criticFigures = {
  returns: {
    group: 'update',
    title: 'Returns and values',
    caption: 'Means over the policy tokens: what the critic was to say, and what it said.',
  },
} satisfies SharedFigures
