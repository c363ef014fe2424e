/** Metrics of time and memory. */
import type { Metrics, SharedFigures } from './metric.js'

export const speedMetrics = {
  rollout_tokens_per_s: {
    title: 'Throughput of sampling',
    unit: 'tokens per second',
    caption: 'Completion tokens sampled for each second of sampling.',
    better: 'higher',
    always: true,
    shown: { figure: 'throughput', curve: 'rollout' },
  },
  train_tokens_per_s: {
    title: 'Throughput of training',
    unit: 'tokens per second',
    caption: 'Policy tokens of all updates for each second of training.',
    better: 'higher',
    shown: { figure: 'throughput', curve: 'training' },
  },
  rollout_seconds: {
    title: 'Time of sampling',
    unit: 'seconds',
    caption: 'Wall time of sampling.',
    better: 'lower',
    always: true,
    shown: { figure: 'seconds', curve: 'rollout' },
  },
  train_seconds: {
    title: 'Time of training',
    unit: 'seconds',
    caption: 'Wall time of the updates, including statistics and mask.',
    combine: 'sum',
    better: 'lower',
    shown: { figure: 'seconds', curve: 'training' },
  },
  critic_seconds: {
    title: 'Time of the critic',
    unit: 'seconds',
    caption: 'Wall time of the critic’s values and updates, not part of train_seconds.',
    combine: 'sum',
    better: 'lower',
    shown: { figure: 'seconds', curve: 'critic' },
  },
  rss_bytes: {
    title: 'Resident memory',
    unit: 'bytes',
    caption: 'Resident memory of the whole process at the end of the step.',
    better: 'lower',
    always: true,
    shown: { id: 'memory', group: 'speed', curve: 'resident', scale: 2 ** -30, unit: 'GiB', include: [0] },
  },
} satisfies Metrics

export const speedFigures = {
  throughput: {
    group: 'speed',
    title: 'Throughput',
    unit: 'tokens per second',
    caption: 'Completion tokens sampled, and tokens trained on, for each second of their phase.',
    include: [0],
  },
  seconds: {
    group: 'speed',
    title: 'Time of a step',
    unit: 'seconds',
    caption: 'By phase.',
    include: [0],
  },
} satisfies SharedFigures
