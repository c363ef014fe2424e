/** The page of a supervised run: losses, entropy and accuracy, of training and of validation side by side. */
import type { SftEvalMetrics, SftStepMetrics } from '../../train/sft/events.js'
import { formatDuration, formatFixed } from '../format.js'
import { lineFigure } from '../html/line-figure.js'
import { type Html, html } from '../html/markup.js'
import { renderPage } from '../html/page.js'
import { elapsedSeconds } from '../metrics.js'
import type { Point } from '../statistics.js'
import {
  figureGrid,
  footer,
  present,
  problemList,
  section,
  settings,
  stepRange,
  tileList,
  warningList,
} from './parts.js'
import { type RunData, setting, startsOf } from './run-data.js'

/** A supervised run has data where a training run has a task. */
export const isSupervised = ({ config }: RunData): boolean => config.data !== undefined && config.task === undefined

interface Curve {
  id: string
  title: string
  unit?: string
  caption: string
  training?: (metrics: SftStepMetrics) => number | undefined
  validation?: (metrics: SftEvalMetrics) => number | undefined
  include?: number[]
  mayBeLog?: boolean
}

const learning: Curve[] = [
  {
    id: 'loss',
    title: 'Loss',
    unit: 'nats per learnt token',
    caption:
      'Mean −log p of the learnt tokens: of each step’s examples before its update, and of the validation examples.',
    training: (metrics) => metrics.loss,
    validation: (metrics) => metrics.eval_loss,
  },
  {
    id: 'accuracy',
    title: 'Token accuracy',
    unit: 'share of learnt tokens',
    caption: 'Learnt tokens that the policy finds the likeliest.',
    training: (metrics) => metrics.token_accuracy,
    validation: (metrics) => metrics.token_accuracy,
  },
  {
    id: 'entropy',
    title: 'Entropy',
    unit: 'nats',
    caption:
      'Mean entropy H of the policy at the learnt tokens. Where it falls below the loss, the policy is surer than it is right.',
    training: (metrics) => metrics.entropy_nats,
    validation: (metrics) => metrics.entropy_nats,
    include: [0],
  },
  {
    id: 'predicted',
    title: 'Predicted change of entropy',
    unit: 'nats per unit step on the logits',
    caption:
      'First order, −(1/N) Σ Sc: the update raises every learnt token, which lowers the entropy where likely tokens (Sc above 0) prevail.',
    training: (metrics) => metrics.pred_dH_kept,
    include: [0],
  },
]

const optimization: Curve[] = [
  {
    id: 'grad-norm',
    title: 'Gradient norm',
    caption: 'Global L2 norm before clipping.',
    training: (metrics) => metrics.grad_norm,
    include: [0],
    mayBeLog: true,
  },
  {
    id: 'lr',
    title: 'Learning rate',
    caption: 'The optimizer’s rate in the step.',
    training: (metrics) => metrics.lr,
    include: [0],
  },
  {
    id: 'tokens',
    title: 'Learnt tokens',
    unit: 'per step',
    caption: 'The N of the step’s mean.',
    training: (metrics) => metrics.target_tokens,
    include: [0],
  },
  {
    id: 'throughput',
    title: 'Throughput',
    unit: 'tokens per second',
    caption: 'All tokens of the step, prompts included, for each second of its update.',
    training: (metrics) => metrics.train_tokens_per_s,
    include: [0],
  },
]

/** The page as text. */
export function sftReport(run: RunData): string {
  const steps = run.metrics as unknown as SftStepMetrics[]
  const evaluations = run.evals as unknown as SftEvalMetrics[]
  const xRange = stepRange([run])
  const figures = (curves: Curve[]) => curves.map((curve) => curveFigure(curve, steps, evaluations, xRange))
  return renderPage({
    title: run.name,
    subtitle: present([setting(run, 'model'), setting(run, 'data.path') ?? setting(run, 'data.task.name')]).join(' · '),
    lead: html`${problemList(run.problems)}${warningList(run.warnings)}${tiles(run, steps, evaluations)}`,
    sections: present([
      section('learning', 'Learning', figureGrid(figures(learning))),
      section('update', 'Updates', figureGrid(figures(optimization))),
      section('settings', 'Settings', settings(run, [])),
    ]),
    footer: footer(run),
  })
}

function curveFigure(
  { training, validation, ...figure }: Curve,
  steps: readonly SftStepMetrics[],
  evaluations: readonly SftEvalMetrics[],
  xRange: readonly [number, number],
): Html | undefined {
  const points = <T extends { step: number }>(
    lines: readonly T[],
    value: ((line: T) => number | undefined) | undefined,
  ) => (value === undefined ? [] : lines.map((line): Point => [line.step, value(line) ?? Number.NaN]))
  return lineFigure({
    ...figure,
    xRange,
    smooth: true,
    series: [
      { name: 'training', style: 0, points: points(steps, training) },
      { name: 'validation', style: 1, points: points(evaluations, validation) },
    ],
  })
}

function tiles(run: RunData, steps: readonly SftStepMetrics[], evaluations: readonly SftEvalMetrics[]): Html {
  const [first, last] = [evaluations[0], evaluations.at(-1)]
  const change = (of: (line: SftEvalMetrics) => number, format: (value: number) => string) =>
    first === undefined || last === undefined ? undefined : `${format(of(first))} → ${format(of(last))}`
  const note = `validation, step ${first?.step} → ${last?.step}`
  const learnt = steps.reduce((total, line) => total + line.target_tokens, 0)
  const entries: [string, string | undefined, string][] = [
    [
      'Loss, nats',
      change(
        (line) => line.eval_loss,
        (value) => formatFixed(value, 3),
      ),
      note,
    ],
    [
      'Perplexity',
      change(
        (line) => line.perplexity,
        (value) => formatFixed(value, 2),
      ),
      note,
    ],
    [
      'Token accuracy',
      change(
        (line) => line.token_accuracy,
        (value) => formatFixed(value, 3),
      ),
      note,
    ],
    [
      'Entropy, nats',
      change(
        (line) => line.entropy_nats,
        (value) => formatFixed(value, 3),
      ),
      note,
    ],
    ['Learnt tokens', learnt.toLocaleString('en'), `in ${steps.length} steps`],
    ['Time', formatDuration(elapsedSeconds(run.metrics, startsOf(run))), 'first to last step, without pauses'],
  ]
  return tileList(
    run,
    entries.flatMap(([label, value, words]) => (value === undefined ? [] : [{ label, value, note: words }])),
  )
}
