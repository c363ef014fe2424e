/** The metric catalogue of a supervised run: the numbers of metrics.jsonl, and of eval.jsonl (its validation). */
import type { Metric, Metrics } from '../metrics/metric.js'

export const sftMetrics = {
  loss: {
    title: 'Loss',
    unit: 'nats per learned token',
    caption:
      'Mean −log p of the learned tokens: of each step’s examples before its update, and of the validation examples.',
    better: 'lower',
    shown: { group: 'learning' },
  },
  perplexity: { title: 'Perplexity', caption: 'e^loss.', better: 'lower', shown: 'nowhere' },
  token_accuracy: {
    title: 'Token accuracy',
    unit: 'share of learned tokens',
    caption: 'Learned tokens that the policy considers most likely.',
    better: 'higher',
    shown: { id: 'accuracy', group: 'learning' },
  },
  entropy_nats: {
    title: 'Entropy',
    unit: 'nats',
    caption:
      'Mean entropy H of the policy at the learned tokens. If it is below the loss, the policy is overconfident.',
    shown: { id: 'entropy', group: 'learning', include: [0] },
  },
  pred_dH_kept: {
    title: 'Predicted change of entropy',
    unit: 'nats per unit step on the logits',
    caption:
      'First-order prediction −(1/N) Σ Sc. The update raises every learned token, which lowers entropy if ' +
      'likely tokens (Sc above 0) prevail.',
    shown: { id: 'predicted', group: 'learning', include: [0] },
  },
  grad_norm: {
    title: 'Gradient norm',
    caption: 'Global L2 norm before clipping.',
    shown: { group: 'update', include: [0], mayBeLog: true },
  },
  lr: {
    title: 'Learning rate',
    caption: 'The optimizer’s rate in the step.',
    always: true,
    shown: { group: 'update', include: [0] },
  },
  target_tokens: {
    title: 'Learnt tokens',
    unit: 'tokens',
    caption: 'The N of the step’s mean.',
    always: true,
    shown: { id: 'tokens', group: 'update', unit: 'per step', include: [0] },
  },
  train_tokens_per_s: {
    title: 'Throughput',
    unit: 'tokens per second',
    caption: 'The step’s `tokens` for each second of its update.',
    better: 'higher',
    shown: { id: 'throughput', group: 'update', include: [0] },
  },
  train_seconds: {
    title: 'Time of training',
    unit: 'seconds',
    caption: 'Wall time of the update.',
    better: 'lower',
    shown: 'nowhere',
  },
  epoch: { title: 'Epoch', caption: 'Passes over the examples so far.', always: true, shown: 'nowhere' },
  examples: {
    title: 'Examples',
    caption: 'Examples of the step that were learned from.',
    always: true,
    shown: 'nowhere',
  },
  dropped_examples: {
    title: 'Examples left out',
    caption: 'Examples longer than data.maxTokens, or with nothing left to learn.',
    always: true,
    shown: 'nowhere',
  },
  truncated_examples: {
    title: 'Examples cut',
    caption: 'Examples cut to data.maxTokens.',
    always: true,
    shown: 'nowhere',
  },
  tokens: {
    title: 'Tokens',
    unit: 'tokens',
    caption:
      'Tokens that the update reads: in every example learned from, all tokens up to the last learned one, ' +
      'including prompts. Examples left out do not count.',
    always: true,
    shown: 'nowhere',
  },
  rss_bytes: {
    title: 'Resident memory',
    unit: 'bytes',
    caption: 'Resident memory of the whole process at the end of the step.',
    better: 'lower',
    always: true,
    shown: 'nowhere',
  },
} satisfies Metrics

/** Of the validation examples, under the policy after the step. */
export const sftEvalMetrics = {
  examples: { title: 'Validation examples', caption: 'Examples of the validation.', always: true, shown: 'nowhere' },
  target_tokens: {
    title: 'Validation tokens',
    unit: 'tokens',
    caption: 'Tokens of the validation’s replies.',
    always: true,
    shown: 'nowhere',
  },
  eval_loss: {
    title: 'Validation loss',
    unit: 'nats per token',
    caption: 'Mean −log p of the validation tokens. The checkpoint with the lowest value is kept.',
    better: 'lower',
    always: true,
    shown: { figure: 'loss', curve: 'validation' },
  },
  perplexity: {
    title: 'Validation perplexity',
    caption: 'e^eval_loss.',
    better: 'lower',
    always: true,
    shown: 'nowhere',
  },
  token_accuracy: {
    title: 'Validation accuracy',
    unit: 'share of tokens',
    caption: 'Validation tokens that the policy considers most likely.',
    better: 'higher',
    always: true,
    shown: { figure: 'accuracy', curve: 'validation' },
  },
  entropy_nats: {
    title: 'Validation entropy',
    unit: 'nats',
    caption: 'Mean entropy H of the policy at the validation’s tokens.',
    always: true,
    shown: { figure: 'entropy', curve: 'validation' },
  },
  seconds: {
    title: 'Time of the validation',
    unit: 'seconds',
    caption: 'Wall time.',
    better: 'lower',
    always: true,
    shown: 'nowhere',
  },
} satisfies Metrics

/** Of metrics.jsonl (`train`) and eval.jsonl (`eval`) of a supervised run. */
export function describeSftMetric(part: 'train' | 'eval', key: string): Metric | undefined {
  const metrics: Metrics = part === 'train' ? sftMetrics : sftEvalMetrics
  return Object.hasOwn(metrics, key) ? metrics[key] : undefined
}
