/** The page of a supervised run: losses, entropy and accuracy, of training and of validation side by side. */
import type { FigureGroup, Metric } from '../../train/metrics/metric.js'
import type { SftEvalMetrics, SftStepMetrics } from '../../train/sft/events.js'
import { sftEvalMetrics, sftMetrics } from '../../train/sft/metrics.js'
import { formatDuration, formatFixed } from '../format.js'
import { lineFigure } from '../html/line-figure.js'
import { type Html, html } from '../html/markup.js'
import { renderPage } from '../html/page.js'
import { elapsedSeconds, numberOf } from '../metrics.js'
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
import { type RunData, setting, startsOf } from './run/data.js'

/** A supervised run has data where a training run has a task. */
export const isSupervised = ({ config }: RunData): boolean => config.data !== undefined && config.task === undefined

interface SftFigure {
  id: string
  group: FigureGroup
  title: string
  unit?: string
  caption: string
  include?: number[]
  mayBeLog?: boolean
  training: string
  validation?: string
}

/** The figures of the catalogue, in its order. */
const sftFigures = Object.entries<Metric>(sftMetrics).flatMap(([key, { shown, title, caption, ...metric }]) => {
  if (typeof shown === 'string' || 'figure' in shown) return []
  const { id = key.replaceAll('_', '-'), unit = metric.unit, ...axes } = shown
  const validation = Object.entries<Metric>(sftEvalMetrics).find(
    ([, other]) => typeof other.shown === 'object' && 'figure' in other.shown && other.shown.figure === id,
  )
  return { id, title, unit, caption, ...axes, training: key, validation: validation?.[0] } satisfies SftFigure
})

/** The page as text. */
export function sftReport(run: RunData): string {
  const steps = run.metrics as unknown as SftStepMetrics[]
  const evaluations = run.evals as unknown as SftEvalMetrics[]
  const xRange = stepRange([run])
  const of = (group: FigureGroup) =>
    sftFigures.filter((one) => one.group === group).map((one) => sftFigure(one, steps, evaluations, xRange))
  return renderPage({
    title: run.name,
    subtitle: present([setting(run, 'model'), setting(run, 'data.path') ?? setting(run, 'data.task.name')]).join(' · '),
    lead: html`${problemList(run.problems)}${warningList(run.warnings)}${tiles(run, steps, evaluations)}`,
    sections: present([
      section('learning', 'Learning', figureGrid(of('learning'))),
      section('update', 'Updates', figureGrid(of('update'))),
      section('settings', 'Settings', settings(run, [])),
    ]),
    footer: footer(run),
  })
}

function sftFigure(
  { training, validation, ...figure }: SftFigure,
  steps: readonly SftStepMetrics[],
  evaluations: readonly SftEvalMetrics[],
  xRange: readonly [number, number],
): Html | undefined {
  const points = (lines: readonly { step: number }[], key: string | undefined) =>
    key === undefined
      ? []
      : lines.map((line): Point => [line.step, numberOf((line as Record<string, unknown>)[key]) ?? Number.NaN])
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
    ['Learned tokens', learnt.toLocaleString('en'), `in ${steps.length} steps`],
    ['Time', formatDuration(elapsedSeconds(run.metrics, startsOf(run))), 'first to last step, without pauses'],
  ]
  return tileList(
    run,
    entries.flatMap(([label, value, words]) => (value === undefined ? [] : [{ label, value, note: words }])),
  )
}
