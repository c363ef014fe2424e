/** The parts that the report of one run and the comparison of several are put together from. */
import type { EvalMetrics, StepMetrics } from '../../train/events.js'
import { concernsOf, concernText, healthFacts } from '../../train/health/health.js'
import { evalMetrics, evalText } from '../../train/metrics/evaluation.js'
import type { Metric } from '../../train/metrics/metric.js'
import { formatNumber, minus } from '../format.js'
import { barFigure } from '../html/bar-figure.js'
import { type LineSeries, lineFigure } from '../html/line-figure.js'
import { type Html, html } from '../html/markup.js'
import type { PageSection } from '../html/page.js'
import { type ScatterPanel, scatterFigure } from '../html/scatter-figure.js'
import { renderHtmlTable } from '../html/table.js'
import { stripLegend, tokenStrip } from '../html/token-strip.js'
import { entropyChanges } from '../metrics.js'
import { extent, finite, type Point, quantile, slopeThroughOrigin } from '../statistics.js'
import type { MetricFigure, Quantity } from './metric-figures.js'
import type { RunData } from './run/data.js'
import type { Sample } from './samples.js'

export interface NamedRun {
  name: string
  style: number
  data: RunData
}

/** First and last step of all runs, evaluations included: the common x axis. */
export function stepRange(runs: readonly RunData[]): readonly [number, number] {
  const steps = runs.flatMap(({ metrics, evals }) => [...metrics, ...evals].map(({ step }) => step))
  const [first, last] = extent(steps) ?? [0, 1]
  return first < last ? [first, last] : [first - 1, last + 1]
}

/** Points of a quantity; steps without it break the line, unless it is one that only some steps have. */
export function quantityPoints(
  metrics: readonly StepMetrics[],
  quantity: Quantity,
): { points: Point[]; sparse: boolean } {
  const points = metrics.map((line): Point => [line.step, quantity.value(line) ?? Number.NaN])
  const known = points.filter(([, y]) => Number.isFinite(y))
  const sparse = known.length > 0 && known.length * 2 < points.length
  return { points: sparse ? known : points, sparse }
}

/** The one value that a quantity has in all steps of all runs; undefined where it varies or is hardly there. */
export function constantValue(runs: readonly RunData[], quantity: Quantity): number | undefined {
  const values = finite(runs.flatMap(({ metrics }) => metrics.map((line) => quantity.value(line))))
  const range = extent(values)
  return values.length > 1 && range !== undefined && range[0] === range[1] ? range[0] : undefined
}

/** A figure of metrics.jsonl with the given series, undefined where they are all empty. */
export function metricFigure(
  figure: MetricFigure,
  series: readonly { name: string; style: number; metrics: readonly StepMetrics[]; quantity: Quantity }[],
  xRange: readonly [number, number],
): Html | undefined {
  const drawn = series.map(({ name, style, metrics, quantity }) => ({
    name,
    style,
    ...quantityPoints(metrics, quantity),
  }))
  return lineFigure({
    ...figure,
    series: drawn,
    xRange,
    marks: drawn.some(({ sparse }) => sparse),
    smooth: !drawn.some(({ sparse }) => sparse),
  })
}

/** Curves of the held-out evaluations, a series for each run; `group` tells several sets of runs on a page apart. */
export function evalFigures(
  runs: readonly NamedRun[],
  xRange: readonly [number, number],
  group?: { id: string; label: string },
): Html[] {
  const sizes = [...new Set(runs.flatMap(({ data }) => data.evals.map(({ samples }) => samples)))]
  const k = sizes.length === 1 ? String(sizes[0]) : 'K'
  const problems = [...new Set(runs.flatMap(({ data }) => data.evals.map((evaluation) => evaluation.problems)))]
  const of = problems.length === 1 ? `${problems[0]} held-out problems` : 'the held-out problems'
  const text = (words: string) => evalText(words, { k, problems: of })
  const all = runs.flatMap(({ data }) => data.evals)
  const repeats = (key: keyof typeof evalMetrics, other: string | undefined) =>
    all.every((evaluation) => evaluation[key] === evaluation[other as keyof typeof evalMetrics])
  const figures = Object.entries<Metric>(evalMetrics).flatMap(([key, { title, unit, caption, shown }]) =>
    typeof shown === 'string' || 'figure' in shown || repeats(key as keyof typeof evalMetrics, shown.unless)
      ? []
      : { ...shown, unit, key: key as keyof typeof evalMetrics, title: text(title), caption: text(caption) },
  )
  return present(
    figures.map(({ id, key, title, ...figure }) =>
      lineFigure({
        ...figure,
        id: group ? `${id}-${group.id}` : `${id}`,
        title: group ? `${title}: ${group.label}` : title,
        xRange,
        marks: true,
        series: runs.map(
          ({ name, style, data }): LineSeries => ({
            name: runs.length === 1 && group === undefined ? title : name,
            style,
            points: data.evals.map((evaluation) => [evaluation.step, evaluation[key] ?? Number.NaN] as const),
          }),
        ),
      }),
    ),
  )
}

/** Pass-rate histograms side by side; evaluations with another number of samples than the first are left out. */
export function passHistogram(
  series: readonly { name: string; style: number; evaluation: EvalMetrics | undefined }[],
  caption: string,
): Html | undefined {
  const known = series.flatMap(({ name, style, evaluation }) =>
    evaluation?.pass_histogram !== undefined && evaluation.pass_histogram.length > 1
      ? [{ name, style, samples: evaluation.samples, values: evaluation.pass_histogram }]
      : [],
  )
  const samples = known[0]?.samples
  const shown = known.filter((one) => one.samples === samples)
  if (shown.length === 0) return undefined
  return barFigure({
    id: 'pass-rates',
    title: 'Pass rates',
    caption,
    labels: shown[0].values.map((_, solved) => String(solved)),
    xLabel: `samples solved, of ${samples}`,
    yLabel: 'share of held-out problems',
    series: shown,
  })
}

/** Predicted against measured change of entropy, a panel for each run. */
export function changeScatter(runs: readonly NamedRun[]): Html | undefined {
  return scatterFigure({
    id: 'predicted-measured',
    title: 'Predicted and measured change of entropy',
    unit: 'a dot for each step',
    xLabel: 'predicted dH, nats per unit step on the logits',
    yLabel: 'measured, nats',
    caption:
      'Predicted: first order, of the updates that went through. Measured: mean entropy of the next step’s rollouts minus ' +
      'that of this step’s; the two batches have different prompts, which adds noise. The axes have different units, so ' +
      'the dashed line is the least-squares slope through the origin and not the identity: what counts is the sign and the correlation.',
    panels: runs.map(({ name, style, data }): ScatterPanel => {
      const changes = entropyChanges(data.metrics)
      const slope = slopeThroughOrigin(changes.map(({ predicted, measured }) => [predicted, measured] as const))
      return {
        name,
        style,
        points: changes.map(({ step, predicted, measured }) => ({
          x: predicted,
          y: measured,
          label: `step ${step}: predicted ${minus(formatNumber(predicted))}, measured ${minus(formatNumber(measured))} nats`,
        })),
        guide:
          slope === undefined || changes.length < 3
            ? undefined
            : { slope, label: `slope ${minus(formatNumber(slope, 2))}` },
      }
    }),
  })
}

/** What the colors of the samples mean, for the section's introduction. */
export const colourHint =
  'Orange tokens have Sc above 0, blue ones below. Underlined tokens are masked. Point at a token, or use the arrow keys, to see its numbers.'

/** What the entropy figures rest on, for the section's introduction. */
export const dynamicsIntro =
  'Rewarding a token with Sc below 0, a relatively unlikely one, raises entropy; rewarding one with Sc above 0 lowers it.'

export const heldOutIntro = 'Evaluated during training on problems that are never trained on.'

export interface SampleGroup {
  title: string
  samples: readonly Sample[]
  /** What the samples are of, in columns beside one another: the methods. Without it they stand in one grid. */
  columns?: readonly { title: string; samples: readonly Sample[] }[]
}

/**
 * Completions colored by Sc on one scale, in groups with a heading each. Where there are several groups the page's script
 * lets the reader choose one; without scripts all are shown.
 */
export function sampleStrips(groups: readonly SampleGroup[], decoded: boolean): Html | undefined {
  const samples = groups.flatMap((group) => group.samples)
  if (samples.length === 0) return undefined
  const scores = samples.flatMap(({ tokens }) => tokens.map(({ s, expectedS }) => Math.abs(s - expectedS)))
  // A few extreme tokens must not leave all others pale.
  const limit = quantile(scores, 0.98) ?? 0
  const shown = groups.filter((group) => group.samples.length > 0)
  const strips = (list: readonly Sample[]) => list.map((sample) => sampleStrip(sample, decoded, limit))
  return html`${stripLegend(limit)}
${shown.map(
  ({ title, samples: own, columns }) => html`<div class="group" data-title="${title}">
<h3>${title}</h3>
${
  columns === undefined
    ? html`<div class="strips">${strips(own)}</div>`
    : html`<div class="strips columns">${columns.map((column) => html`<div><h4 class="column">${column.title}</h4>${strips(column.samples)}</div>`)}</div>`
}
</div>`,
)}`
}

function sampleStrip(sample: Sample, decoded: boolean, limit: number): Html {
  const length = sample.tokens.length + sample.hiddenTokens
  return tokenStrip(
    {
      title: `Problem ${sample.promptId}, sample ${sample.sample}`,
      facts: [
        ...(sample.correct === undefined ? [] : [sample.correct ? 'right' : 'wrong']),
        `reward ${minus(formatNumber(sample.reward))}${partsText(sample.rewardParts)}`,
        `advantage ${minus(formatNumber(sample.advantage))}`,
        `${length} token${length === 1 ? '' : 's'}`,
      ],
      prompt: sample.prompt,
      answer: sample.answer,
      tokens: decoded ? sample.tokens : sample.tokens.map((token) => ({ ...token, text: String(token.id) })),
      advantage: sample.advantage,
      hidden: sample.hiddenTokens,
      completion: decoded ? undefined : sample.completion,
    },
    limit,
  )
}

/** ` (task 1, overlong −0.5)`: what a reward is made of, where that is more than the task's own. */
function partsText(parts: Sample['rewardParts']): string {
  const list = Object.entries(parts ?? {})
  return list.length < 2 ? '' : ` (${list.map(([name, value]) => `${name} ${minus(formatNumber(value))}`).join(', ')})`
}

export function present<T>(list: readonly (T | undefined)[]): T[] {
  return list.filter((entry): entry is T => entry !== undefined)
}

/** Figures in a grid; undefined where there are none, so that a section can be left out. */
export function figureGrid(figures: readonly (Html | undefined)[]): Html | undefined {
  const shown = present(figures)
  return shown.length === 0 ? undefined : html`<div class="figures">${shown}</div>`
}

/** A section, undefined where its body is. */
export function section(id: string, title: string, body: Html | undefined, intro?: string): PageSection | undefined {
  return body && { id, title, intro, body }
}

/** A figure over the whole width of its grid. */
export function wide(figure: Html | undefined): Html | undefined {
  return figure && html`<div class="wide">${figure}</div>`
}

/** Why something is missing from the page. */
export function problemList(problems: readonly string[]): Html | undefined {
  if (problems.length === 0) return undefined
  return html`<div class="notice"><p>Not everything could be read:</p><ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul></div>`
}

/** That steps went wrong without ending the run. */
export function warningList(warnings: RunData['warnings']): Html | undefined {
  if (warnings.length === 0) return undefined
  const [first, last] = [warnings[0], warnings[warnings.length - 1]]
  const shown = first === last ? [first] : [first, last]
  const texts = shown.map(({ step, message }) =>
    message.startsWith(`step ${step}: `) ? message : `step ${step}: ${message}`,
  )
  const lead = first === last ? 'One step' : `${warnings.length} steps`
  return html`<div class="notice"><p>${lead} came with a warning (warnings.jsonl)${first !== last && ', first and last'}:</p><ul>${texts.map((text) => html`<li>${text}</li>`)}</ul></div>`
}

/** What is wrong with the run after its last step. */
export function concernList({ metrics, config }: RunData): Html | undefined {
  const concerns = concernsOf(metrics, healthFacts(config))
  if (concerns.length === 0) return undefined
  const items = concerns.map((concern) => html`<li>${withCode(sentence(concernText(concern)))}</li>`)
  return html`<div class="notice" role="note"><p>What to look at:</p><ul>${items}</ul></div>`
}

/** Text with what stands in backticks as code. */
const withCode = (text: string): (Html | string)[] =>
  text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`

/** The few numbers that head a page. */
export function tileList(run: RunData, entries: readonly { label: string; value: string; note: string }[]): Html {
  if (run.metrics.length === 0) return html`<p class="notice">No step has ended yet.</p>`
  return html`<dl class="tiles">${entries.map(
    ({ label, value, note }) =>
      html`<div><dt>${label}</dt><dd><div class="value">${minus(value)}</div><div class="note">${note}</div></dd></div>`,
  )}</dl>`
}

/** What never changed, and the files that say how the run was made. */
export function settings(run: RunData, constant: readonly { name: string; value: string }[]): Html | undefined {
  const parts = present([
    constant.length > 0
      ? html`<h3>The same in every step</h3>${renderHtmlTable({
          caption: 'Quantities that are the same in every step',
          head: ['Quantity', 'Value'],
          rows: constant.map(({ name, value }) => ({ name, cells: [value] })),
        })}`
      : undefined,
    run.configText && html`<details><summary>config.yaml</summary><pre>${run.configText}</pre></details>`,
    run.environmentText &&
      html`<details><summary>environment.json</summary><pre>${run.environmentText}</pre></details>`,
  ])
  return parts.length === 0 ? undefined : html`${parts}`
}

export function footer({ metrics }: RunData): Html {
  const last = metrics.at(-1)
  return html`<p>${last ? `Data up to step ${last.step}${typeof last.time === 'string' ? `, ${last.time}` : ''}. ` : ''}Drag over a chart to zoom in, double-click to zoom out; with a chart focused, the arrow keys move its cursor. Made by isentrope; this file needs no network.</p>`
}
