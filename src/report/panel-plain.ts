/** One aligned line a step, for logs and pipes. */
import type { EvalMetrics, StepMetrics } from '../train/events.js'
import { formatCompact, formatDuration, formatFixed, formatNumber } from './format.js'
import { maskedShare } from './metrics.js'
import type { TrainPanel, TrainPanelOptions } from './panel.js'
import { plainText } from './terminal-text.js'
import { createTimeLeft } from './time-left.js'

const linesPerHeader = 20

interface Column {
  head: [string, string]
  width: number
  cell(metrics: StepMetrics, context: { totalSteps: number; left: number | undefined }): string
}

const columns: Column[] = [
  { head: ['step', ''], width: 9, cell: (m, { totalSteps }) => `${m.step}/${totalSteps}` },
  { head: ['reward', ''], width: 8, cell: (m) => formatFixed(m.reward_mean, 3) },
  { head: ['entropy', 'nats'], width: 9, cell: (m) => formatFixed(m.entropy_nats, 3) },
  { head: ['masked', '%'], width: 8, cell: (m) => formatFixed(percent(maskedShare(m)), 1) },
  { head: ['clip', '%'], width: 6, cell: (m) => formatFixed(percent(m.ppo_clip_fraction), 1) },
  { head: ['grad', 'norm'], width: 8, cell: (m) => formatNumber(m.grad_norm) },
  { head: ['length', 'tokens'], width: 8, cell: (m) => formatFixed(m.completion_length_mean, 1) },
  { head: ['rollout', 'tok/s'], width: 8, cell: (m) => formatCompact(m.rollout_tokens_per_s) },
  { head: ['train', 'tok/s'], width: 7, cell: (m) => formatCompact(m.train_tokens_per_s) },
  { head: ['left', ''], width: 9, cell: (_, { left }) => formatDuration(left) },
]

export function createPlainPanel(stream: NodeJS.WritableStream, options: TrainPanelOptions): TrainPanel {
  const seconds = () => performance.now() / 1000
  const timeLeft = createTimeLeft(seconds())
  let lines = 0
  return {
    onEvent(event) {
      if (event.type === 'phase') timeLeft.phase(event.phase, seconds())
      if (event.type === 'warning') stream.write(`${warningLine(event.step, event.message)}\n`)
      if (event.type === 'eval') stream.write(`${evalLine(event.metrics)}\n`)
      if (event.type === 'step') {
        if (lines++ % linesPerHeader === 0) stream.write(`${plainHeader()}\n`)
        timeLeft.step(seconds())
        const left = timeLeft.estimate(Math.max(0, options.totalSteps - event.metrics.step), seconds())
        stream.write(`${plainLine(event.metrics, options.totalSteps, left)}\n`)
      }
    },
    close() {},
  }
}

export function plainHeader(): string {
  return [0, 1]
    .map((row) =>
      columns
        .map(({ head, width }) => head[row].padStart(width))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

export function plainLine(metrics: StepMetrics, totalSteps: number, left: number | undefined): string {
  return columns.map((column) => column.cell(metrics, { totalSteps, left }).padStart(column.width)).join('')
}

/** `held out at step 10: Avg@8 0.412, Pass@8 0.733, entropy 0.84 nats, 50 problems` */
export function evalLine(metrics: EvalMetrics): string {
  const { samples, problems } = metrics
  return (
    `held out at step ${metrics.step}: Avg@${samples} ${formatFixed(metrics.avg_at_k, 3)}, ` +
    `Pass@${samples} ${formatFixed(metrics.pass_at_k, 3)}, entropy ${formatNumber(metrics.entropy_nats)} nats, ` +
    `${problems} problem${problems === 1 ? '' : 's'}`
  )
}

export function warningLine(step: number, message: string): string {
  return `warning at step ${step}: ${plainText(message).replaceAll('\n', '\n  ')}`
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100
}
