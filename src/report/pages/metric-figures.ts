/**
 * What is drawn of metrics.jsonl: one table for the report of a run (a figure's quantities are its series) and for the
 * comparison of several (the runs are the series of a figure for each quantity).
 */
import type { StepMetrics } from '../../train/events.js'
import { maskedShare, numberOf } from '../metrics.js'
import { controlFigures } from './control-figures.js'
import { criticFigures } from './critic-figures.js'

export type FigureGroup = 'learning' | 'dynamics' | 'ledger' | 'update' | 'completions' | 'speed'

export interface Quantity {
  /** Name as a series of its figure. */
  name: string
  /** The metrics it is made of. */
  keys: string[]
  value(metrics: StepMetrics): number | undefined
}

export interface MetricFigure {
  id: string
  group: FigureGroup
  title: string
  unit?: string
  caption: string
  quantities: Quantity[]
  include?: number[]
  mayBeLog?: boolean
  shownIn: 'run' | 'comparison' | 'both'
}

const metric = (name: string, key: string): Quantity => ({
  name,
  keys: [key],
  value: (metrics) => numberOf(metrics[key]),
})

export const metricFigures: MetricFigure[] = [
  {
    id: 'reward',
    group: 'learning',
    title: 'Reward',
    caption: 'Mean reward of the completions sampled in the step.',
    quantities: [metric('mean reward', 'reward_mean')],
    shownIn: 'both',
  },
  {
    id: 'entropy',
    group: 'learning',
    title: 'Entropy',
    unit: 'nats',
    caption:
      'Mean over the sampled tokens of the entropy H of the distribution each was drawn from, before the step’s update.',
    quantities: [metric('entropy', 'entropy_nats')],
    include: [0],
    shownIn: 'both',
  },
  ...controlFigures,
  {
    id: 'covariance',
    group: 'dynamics',
    title: 'Covariance of advantage and centred score',
    unit: 'nats',
    caption:
      'Above 0 the batch, in expectation, pushes entropy down; below 0, up. Sc is the score S* less its mean over the ' +
      'vocabulary, and r the ratio of the present policy to the one that sampled.',
    quantities: [metric('Cov(A, Sc)', 'cov_A_Sc'), metric('Cov(A, r Sc)', 'cov_A_rSc')],
    shownIn: 'both',
  },
  {
    id: 'predicted',
    group: 'dynamics',
    title: 'Predicted change of entropy',
    unit: 'nats per unit step on the logits',
    caption:
      'First-order prediction from the tokens’ scores, split into the updates that went through and those that the ' +
      'method masked. An optimizer step is not a unit step on the logits, so its size is not comparable with the measured change.',
    quantities: [metric('kept', 'pred_dH_kept'), metric('masked', 'pred_dH_masked')],
    shownIn: 'run',
  },
  {
    id: 'masked',
    group: 'dynamics',
    title: 'Masked tokens',
    unit: 'share of policy tokens',
    caption:
      'Tokens whose gradient the methods stopped. Of a clip apart: those whose score lay below and above its bounds.',
    quantities: [
      metric('below', 'masked_low_fraction'),
      metric('above', 'masked_high_fraction'),
      { name: 'all', keys: ['masked_fraction'], value: maskedBesideClips },
    ],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'masked-total',
    group: 'dynamics',
    title: 'Masked tokens',
    unit: 'share of policy tokens',
    caption: 'Tokens whose gradient the method stopped, on both sides together.',
    quantities: [{ name: 'masked', keys: [], value: maskedShare }],
    include: [0],
    shownIn: 'comparison',
  },
  {
    id: 'grad-norm',
    group: 'update',
    title: 'Gradient norm',
    caption: 'Global L2 norm before clipping.',
    quantities: [metric('gradient norm', 'grad_norm')],
    include: [0],
    mayBeLog: true,
    shownIn: 'both',
  },
  {
    id: 'ppo-clip',
    group: 'update',
    title: 'PPO clip',
    unit: 'share of policy tokens',
    caption: 'Tokens whose ratio lies outside the clip range on the side their advantage pushes.',
    quantities: [metric('clipped', 'ppo_clip_fraction')],
    include: [0],
    shownIn: 'both',
  },
  {
    id: 'ratio',
    group: 'update',
    title: 'Largest ratio',
    caption: 'Largest p(now) / p(rollout) of a token in the step.',
    quantities: [metric('largest ratio', 'ratio_max')],
    mayBeLog: true,
    shownIn: 'run',
  },
  {
    id: 'kl',
    group: 'update',
    title: 'KL divergence to the reference',
    unit: 'nats',
    caption: 'Mean over the policy tokens, by the estimator of the config.',
    quantities: [metric('KL', 'kl_nats')],
    include: [0],
    shownIn: 'both',
  },
  {
    id: 'loss',
    group: 'update',
    title: 'Loss',
    caption: 'The negative objective. In policy-gradient training its level says little; a jump says something.',
    quantities: [metric('loss', 'loss')],
    shownIn: 'run',
  },
  ...criticFigures,
  {
    id: 'lr',
    group: 'update',
    title: 'Learning rate',
    caption: 'The optimizers’ rates in the step.',
    quantities: [metric('learning rate', 'lr'), metric('critic’s', 'critic_lr')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'gap',
    group: 'update',
    title: 'Sampling and training disagree by at most',
    unit: 'nats',
    caption: 'Largest difference of a token’s log-probability between the sampler and the first training pass.',
    quantities: [metric('largest gap', 'logprob_gap_max')],
    mayBeLog: true,
    shownIn: 'run',
  },
  {
    id: 'edge-draws',
    group: 'update',
    title: 'Draws at an edge',
    unit: 'tokens',
    caption:
      'Tokens whose draw fell within rounding of an edge of the cumulative distribution: these alone may differ between batch sizes.',
    quantities: [metric('draws', 'edge_draws')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'length',
    group: 'completions',
    title: 'Completion length',
    unit: 'tokens',
    caption: 'Mean over the completions of the step, the end token included.',
    quantities: [metric('mean length', 'completion_length_mean')],
    include: [0],
    shownIn: 'both',
  },
  {
    id: 'shares',
    group: 'completions',
    title: 'Truncated, and without signal',
    unit: 'share',
    caption: 'Completions that ran into the length limit, and groups whose rewards are all equal, which teach nothing.',
    quantities: [metric('truncated', 'truncated_fraction'), metric('without signal', 'zero_signal_fraction')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'reward-spread',
    group: 'completions',
    title: 'Spread of the reward',
    caption: 'Standard deviation over the completions of the step.',
    quantities: [metric('standard deviation', 'reward_std')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'tokens',
    group: 'completions',
    title: 'Tokens sampled',
    unit: 'tokens per step',
    caption: 'Completion tokens of the step.',
    quantities: [metric('tokens', 'completion_tokens')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'throughput',
    group: 'speed',
    title: 'Throughput',
    unit: 'tokens per second',
    caption: 'Completion tokens sampled, and tokens trained on, for each second of their phase.',
    quantities: [metric('rollout', 'rollout_tokens_per_s'), metric('training', 'train_tokens_per_s')],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'seconds',
    group: 'speed',
    title: 'Time of a step',
    unit: 'seconds',
    caption: 'By phase.',
    quantities: [
      metric('rollout', 'rollout_seconds'),
      metric('training', 'train_seconds'),
      metric('critic', 'critic_seconds'),
    ],
    include: [0],
    shownIn: 'run',
  },
  {
    id: 'memory',
    group: 'speed',
    title: 'Resident memory',
    unit: 'GiB',
    caption: 'Of the whole process, at the end of the step.',
    quantities: [{ name: 'resident', keys: ['rss_bytes'], value: (metrics) => divided(metrics.rss_bytes, 2 ** 30) }],
    include: [0],
    shownIn: 'run',
  },
]

/** The whole share where a clip's two sides are not all of it. */
function maskedBesideClips(metrics: StepMetrics): number | undefined {
  const all = numberOf(metrics.masked_fraction)
  const sides = [metrics.masked_low_fraction, metrics.masked_high_fraction].map(numberOf)
  if (all === undefined || sides.every((side) => side === undefined)) return all
  const both = sides.reduce<number>((sum, side) => sum + (side ?? 0), 0)
  return Math.abs(all - both) > 1e-9 ? all : undefined
}

const known = new Set([
  'step',
  'time',
  ...metricFigures.flatMap(({ quantities }) => quantities.flatMap(({ keys }) => keys)),
])

/**
 * Figures for the quantities of a run that {@link metricFigures} does not know, under their own names. What the ledger has
 * besides is in its table.
 */
export function furtherFigures(metrics: readonly StepMetrics[]): MetricFigure[] {
  const keys = new Set<string>()
  for (const line of metrics) {
    for (const [key, value] of Object.entries(line))
      if (!known.has(key) && !key.startsWith('ledger_') && typeof value === 'number') keys.add(key)
  }
  return [...keys].map((key) => ({
    id: `metric-${key.replace(/[^A-Za-z0-9_]/gu, (char) => `-${char.codePointAt(0)!.toString(16)}`)}`,
    group: 'update',
    title: key,
    caption: `As logged under ${key}.`,
    quantities: [metric(key, key)],
    shownIn: 'run',
  }))
}

function divided(value: unknown, by: number): number | undefined {
  const number = numberOf(value)
  return number === undefined ? undefined : number / by
}
