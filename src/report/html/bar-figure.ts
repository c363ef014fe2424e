/** Grouped bars, a group for each label and a bar for each series: the pass-rate histogram side by side. */
import { largest } from '../../base/extremes.js'
import { formatPercent } from '../format.js'
import { type Html, html } from './markup.js'
import { percent, percentDown, svgFrame } from './svg-frame.js'
import { renderHtmlTable } from './table.js'

export interface BarSeries {
  name: string
  /** Shares of 1, one per label. */
  values: readonly number[]
  style: number
}

export interface BarFigure {
  id: string
  title: string
  unit?: string
  caption: string | Html
  labels: readonly string[]
  /** What the labels count. */
  xLabel: string
  yLabel: string
  series: readonly BarSeries[]
}

/** More do not fit a narrow screen; the others are in the table. */
const mostLabels = 17

/** Undefined where there is nothing to show. */
export function barFigure(figure: BarFigure): Html | undefined {
  const series = figure.series.filter(({ values }) => values.length > 0)
  if (series.length === 0 || figure.labels.length === 0) return undefined
  const highest = Math.max(largest(series.flatMap(({ values }) => values)), 0.01)
  const y = { min: 0, max: highest * 1.05, label: figure.yLabel, ticks: 4 }
  const groups = figure.labels.length
  const slot = 1 / groups
  const width = (slot * 0.78) / series.length
  const bars = series.map(
    ({ name, values, style }, index) =>
      html`<g class="bars s${style}">${values.map((value, bin) => {
        const left = bin * slot + slot * 0.11 + index * width
        const tip = `${name}, ${figure.labels[bin]}: ${formatPercent(value)}`
        return html`<rect x="${percent(left)}" width="${percent(width * 0.94)}" y="${percentDown(y, value)}" height="${percent(value / y.max)}"><title>${tip}</title></rect>`
      })}</g>`,
  )
  const every = Math.ceil(groups / mostLabels)
  const labels = figure.labels.map(
    (label, bin) =>
      bin % every === 0 &&
      html`<text x="${percent((bin + 0.5) * slot)}" y="100%" dy="18" text-anchor="middle">${label}</text>`,
  )
  return html`<figure class="histogram" id="${figure.id}">
<h3>${figure.title}${figure.unit && html` <span class="unit">${figure.unit}</span>`}</h3>
<ul class="legend">${series.map(({ name, style }) => html`<li><svg class="bars s${style}" width="14" height="14" aria-hidden="true"><rect width="14" height="14"/></svg> ${name}</li>`)}</ul>
${svgFrame(
  { x: { min: 0, max: 1, label: figure.xLabel, ticks: 0 }, y, height: 240 },
  `Bar chart of ${figure.title}; the numbers are in the table below.`,
  html`${bars}<g class="ticks" aria-hidden="true">${labels}</g>`,
)}
<figcaption>${figure.caption}</figcaption>
<details class="numbers"><summary>Numbers</summary>${renderHtmlTable({
    caption: figure.title,
    head: [figure.xLabel, ...figure.labels],
    rows: series.map(({ name, values }) => ({ name, cells: values.map((value) => formatPercent(value)) })),
  })}</details>
</figure>`
}
