/** What a panel shows of a kind of run: the same two panels draw training and the supervised warm start. */
import type { EvalMetrics, StepMetrics } from '../../../train/events.js'
import type { Concern } from '../../../train/health/health.js'
import type { SftEvalMetrics, SftStepMetrics } from '../../../train/sft/events.js'
import { formatCompact, formatDuration, formatFixed, formatNumber, formatPercent } from '../../format.js'
import { maskedShare } from '../../metrics.js'

export interface PanelView<Step extends { step: number }, Evaluation extends { step: number }> {
  /** Columns of the plain lines. */
  columns: Column<Step>[]
  /** The two curves of the live panel. */
  curves: [Curve<Step>, Curve<Step>]
  /** What is known of the last step, as label and value; undefined values are not listed. */
  facts(metrics: Step): [label: string, value: string | undefined][]
  /** What is wrong after this step; asked once a step, in order. */
  concerns?(metrics: Step): Concern[]
  /** An evaluation on a line of its own. */
  evaluationLine(metrics: Evaluation): string
  /** The last evaluation in the live panel. */
  evaluationFacts(metrics: Evaluation): string
}

export interface Column<Step> {
  head: [string, string]
  width: number
  cell(metrics: Step, context: { totalSteps: number; left: number | undefined }): string
}

export interface Curve<Step> {
  label: string
  value(metrics: Step): number | undefined
  text(value: number | undefined): string
}

const steps = { head: ['step', ''] as [string, string], width: 9 }
const left: Column<{ step: number }> = {
  head: ['left', ''],
  width: 9,
  cell: (_, context) => formatDuration(context.left),
}
const stepOfTotal = ({ step }: { step: number }, { totalSteps }: { totalSteps: number }) => `${step}/${totalSteps}`

const shown = (value: number | undefined, format: (value: number) => string): string | undefined =>
  value === undefined ? undefined : format(value)
const percent = (share: number | undefined): number | undefined => (share === undefined ? undefined : share * 100)
const tokensPerSecond = (value: number) => `${formatCompact(value)} tok/s`

const entropyCurve: Curve<{ entropy_nats?: number }> = {
  label: 'entropy',
  value: (metrics) => metrics.entropy_nats,
  text: (value) => `${formatFixed(value, 3)} nats`,
}

export const trainView: PanelView<StepMetrics, EvalMetrics> = {
  columns: [
    { ...steps, cell: stepOfTotal },
    { head: ['reward', ''], width: 8, cell: (m) => formatFixed(m.reward_mean, 3) },
    { head: ['entropy', 'nats'], width: 9, cell: (m) => formatFixed(m.entropy_nats, 3) },
    { head: ['masked', '%'], width: 8, cell: (m) => formatFixed(percent(maskedShare(m)), 1) },
    { head: ['clip', '%'], width: 6, cell: (m) => formatFixed(percent(m.ppo_clip_fraction), 1) },
    { head: ['grad', 'norm'], width: 8, cell: (m) => formatNumber(m.grad_norm) },
    { head: ['length', 'tokens'], width: 8, cell: (m) => formatFixed(m.completion_length_mean, 1) },
    { head: ['rollout', 'tok/s'], width: 8, cell: (m) => formatCompact(m.rollout_tokens_per_s) },
    { head: ['train', 'tok/s'], width: 7, cell: (m) => formatCompact(m.train_tokens_per_s) },
    left,
  ],
  curves: [
    { label: 'reward', value: (metrics) => metrics.reward_mean, text: (value) => formatFixed(value, 3) },
    entropyCurve,
  ],
  facts: (metrics) => [
    ['masked', shown(maskedShare(metrics), formatPercent)],
    ['PPO clip', shown(metrics.ppo_clip_fraction, formatPercent)],
    ['grad norm', shown(metrics.grad_norm, formatNumber)],
    ['rollout', tokensPerSecond(metrics.rollout_tokens_per_s)],
    ['training', shown(metrics.train_tokens_per_s, tokensPerSecond)],
    ['length', `${formatFixed(metrics.completion_length_mean, 1)} tokens`],
  ],
  /** `held out at step 10: Avg@8 0.412, Pass@8 0.733, entropy 0.84 nats, 50 problems` */
  evaluationLine: (metrics) => {
    const { problems } = metrics
    return (
      `held out at step ${metrics.step}: ${solvedText(metrics)}, entropy ${formatNumber(metrics.entropy_nats)} nats, ` +
      `${problems} problem${problems === 1 ? '' : 's'}`
    )
  },
  evaluationFacts: (metrics) => `${solvedText(metrics)} at step ${metrics.step}`,
}

/** What was solved, or the reward where the task gives no verdict. */
const solvedText = ({ samples, avg_at_k: average, pass_at_k: pass, reward_mean: reward }: EvalMetrics) =>
  average === undefined && reward !== undefined
    ? `reward ${formatFixed(reward, 3)}`
    : `Avg@${samples} ${formatFixed(average, 3)}, Pass@${samples} ${formatFixed(pass, 3)}`

export const sftView: PanelView<SftStepMetrics, SftEvalMetrics> = {
  columns: [
    { ...steps, cell: stepOfTotal },
    { head: ['epoch', ''], width: 7, cell: (m) => formatFixed(m.epoch, 2) },
    { head: ['loss', 'nats'], width: 8, cell: (m) => formatFixed(m.loss, 3) },
    { head: ['accuracy', '%'], width: 10, cell: (m) => formatFixed(percent(m.token_accuracy), 1) },
    { head: ['entropy', 'nats'], width: 9, cell: (m) => formatFixed(m.entropy_nats, 3) },
    { head: ['grad', 'norm'], width: 8, cell: (m) => formatNumber(m.grad_norm) },
    { head: ['lr', ''], width: 9, cell: (m) => m.lr.toExponential(1) },
    { head: ['learned', 'tokens'], width: 8, cell: (m) => String(m.target_tokens) },
    { head: ['train', 'tok/s'], width: 7, cell: (m) => formatCompact(m.train_tokens_per_s) },
    left,
  ],
  curves: [
    { label: 'loss', value: (metrics) => metrics.loss, text: (value) => `${formatFixed(value, 3)} nats` },
    entropyCurve,
  ],
  facts: (metrics) => [
    ['epoch', formatFixed(metrics.epoch, 2)],
    ['accuracy', shown(metrics.token_accuracy, formatPercent)],
    ['grad norm', shown(metrics.grad_norm, formatNumber)],
    ['lr', metrics.lr.toExponential(1)],
    ['learned', `${metrics.target_tokens} of ${metrics.tokens}`],
    ['training', shown(metrics.train_tokens_per_s, tokensPerSecond)],
  ],
  evaluationLine: (metrics) =>
    `validation at step ${metrics.step}: ${validation(metrics)}, entropy ${formatFixed(metrics.entropy_nats, 3)} nats, ` +
    `${metrics.examples} example${metrics.examples === 1 ? '' : 's'}`,
  evaluationFacts: (metrics) => `${validation(metrics)} at step ${metrics.step}`,
}

const validation = ({ eval_loss: loss, perplexity, token_accuracy: accuracy }: SftEvalMetrics) =>
  `loss ${formatFixed(loss, 3)}, perplexity ${formatFixed(perplexity, 2)}, accuracy ${formatPercent(accuracy)}`
