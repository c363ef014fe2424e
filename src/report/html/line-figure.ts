/** A figure with a line chart over steps. The page's script draws it from the data that the figure carries. */
import { largest, smallest } from '../../base/extremes.js'
import { formatNumber } from '../format.js'
import type { Point } from '../statistics.js'
import { type Html, html, jsonScript } from './markup.js'
import { swatch } from './swatch.js'

export interface LineSeries {
  name: string
  points: readonly Point[]
  /** Colour and dash; the same series has the same style in every figure. */
  style?: number
}

export interface LineFigure {
  id: string
  title: string
  /** `nats`, `tokens`, ...; absent where the quantity has none. */
  unit?: string
  caption: string | Html
  series: readonly LineSeries[]
  xLabel?: string
  /** Shared by the figures of a page, so that their cursors line up. */
  xRange: readonly [number, number]
  /** Dots on the points: for quantities that only some steps have. */
  marks?: boolean
  /** Lowest and highest value that the axis must show. */
  include?: readonly number[]
  /** A logarithmic axis where all values are positive and span more than two orders of magnitude. */
  mayBeLog?: boolean
  /** A trailing mean may be laid over the points. */
  smooth?: boolean
}

/** Undefined where no series has a finite point: no empty chart. */
export function lineFigure(figure: LineFigure): Html | undefined {
  const series = figure.series
    .map((one, index) => ({ ...one, style: one.style ?? index }))
    .filter(({ points }) => points.some(isFinitePoint))
  if (series.length === 0) return undefined
  const values = series.flatMap(({ points }) => points.filter(isFinitePoint).map(([, y]) => y))
  const [min, max] = [smallest(values), largest(values)]
  const log = figure.mayBeLog === true && min > 0 && max / min > 100
  const xLabel = figure.xLabel ?? 'step'
  const data = {
    xLabel,
    xRange: figure.xRange,
    log,
    marks: figure.marks === true || series.every(({ points }) => points.filter(isFinitePoint).length < 3),
    smooth: figure.smooth === true,
    include: figure.include ?? [],
    series: series.map(({ name, style, points }) => ({
      name,
      style,
      x: points.map(([x]) => x),
      y: points.map(([, y]) => (Number.isFinite(y) ? Number(y.toPrecision(7)) : null)),
    })),
  }
  const unit = [figure.unit, log && 'log scale'].filter(Boolean).join(', ')
  return html`<figure class="chart" id="${figure.id}">
<h3>${figure.title}${unit && html` <span class="unit">${unit}</span>`}</h3>
<ul class="legend">${series.map(
    ({ name, style }) => html`<li>${legendEntry(name, style, series.length > 1)} <output></output></li>`,
  )}<li class="at"></li></ul>
<div class="plot" role="img" tabindex="0" aria-label="${describe(figure, series, xLabel)}"></div>
<figcaption>${figure.caption}</figcaption>
<details class="numbers"><summary>Numbers</summary></details>
${jsonScript(data)}
</figure>`
}

function legendEntry(name: string, style: number, toggles: boolean): Html {
  const label = html`${swatch(style)} ${name}`
  return toggles ? html`<button type="button" aria-pressed="true">${label}</button>` : html`<span>${label}</span>`
}

function isFinitePoint([x, y]: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y)
}

/** What a reader who cannot see the curve is told of it. */
function describe(figure: LineFigure, series: readonly LineSeries[], xLabel: string): string {
  const unit = figure.unit ? ` ${figure.unit}` : ''
  const curves = series.map(({ name, points }) => {
    const known = points.filter(isFinitePoint)
    const [first, last] = [known[0], known.at(-1)!]
    const low = known.reduce((a, b) => (b[1] < a[1] ? b : a))
    const high = known.reduce((a, b) => (b[1] > a[1] ? b : a))
    const at = ([x, y]: Point) => `${formatNumber(y)}${unit} at ${xLabel} ${x}`
    return `${name}: ${at(first)} to ${at(last)}, lowest ${at(low)}, highest ${at(high)}`
  })
  return `Line chart of ${figure.title}. ${curves.join('. ')}.`
}
