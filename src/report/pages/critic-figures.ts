/** What is drawn of PPO's critic and of the KL coefficient. */

import { numberOf } from '../metrics.js'
import type { MetricFigure, Quantity } from './metric-figures.js'

const metric = (name: string, key: string): Quantity => ({
  name,
  keys: [key],
  value: (metrics) => numberOf(metrics[key]),
})

export const criticFigures: MetricFigure[] = [
  {
    id: 'explained-variance',
    group: 'update',
    title: 'Explained variance',
    caption:
      'How much of the returns’ variance the critic knew before the step’s updates: 1 all of it, 0 no more than their mean.',
    quantities: [metric('explained variance', 'explained_variance')],
    include: [0, 1],
    shownIn: 'run',
  },
  {
    id: 'returns',
    group: 'update',
    title: 'Returns and values',
    caption: 'Means over the policy tokens: what the critic was to say, and what it said.',
    quantities: [metric('returns', 'returns_mean'), metric('values', 'values_mean')],
    shownIn: 'run',
  },
  {
    id: 'value-loss',
    group: 'update',
    title: 'Loss of the critic',
    caption: 'Half the mean squared error of its values, with value clipping.',
    quantities: [metric('value loss', 'value_loss')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'kl-coefficient',
    group: 'update',
    title: 'KL coefficient',
    caption: 'The weight of the KL term in the step.',
    quantities: [metric('coefficient', 'kl_coef')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'kl-completion',
    group: 'update',
    title: 'KL divergence of a completion',
    unit: 'nats',
    caption: 'Mean over the completions of the sum of log p − log p of the reference over their tokens.',
    quantities: [metric('KL', 'kl_completion_nats')],
    include: [0],
    shownIn: 'run',
  },
]
