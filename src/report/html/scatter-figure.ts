/** Small multiples of scatter plots on common axes, each with a guide line and its correlation and sign agreement. */
import { formatFixed, formatPercent, minus } from '../format.js'
import { correlation, extent, type Point, signAgreement } from '../statistics.js'
import { type Html, html } from './markup.js'
import { type Axis, percentDown, percentOf, svgFrame } from './svg-frame.js'

export interface ScatterPanel {
  name: string
  points: readonly { x: number; y: number; label: string }[]
  /** A line through the origin: slope 1 is the identity. */
  guide?: { slope: number; label: string }
  style: number
}

export interface ScatterFigure {
  id: string
  title: string
  unit?: string
  caption: string | Html
  xLabel: string
  yLabel: string
  panels: readonly ScatterPanel[]
}

/** Undefined where no panel has a point. */
export function scatterFigure(figure: ScatterFigure): Html | undefined {
  const panels = figure.panels.filter(({ points }) => points.length > 0)
  if (panels.length === 0) return undefined
  const all = panels.flatMap(({ points }) => points)
  const x = axisAround(
    all.map((point) => point.x),
    figure.xLabel,
  )
  const y = axisAround(
    all.map((point) => point.y),
    figure.yLabel,
  )
  return html`<figure class="scatter" id="${figure.id}">
<h3>${figure.title}${figure.unit && html` <span class="unit">${figure.unit}</span>`}</h3>
<div class="panels">${panels.map((panel) => scatterPanel(panel, x, y))}</div>
<figcaption>${figure.caption}</figcaption>
</figure>`
}

function scatterPanel(panel: ScatterPanel, x: Axis, y: Axis): Html {
  const points: Point[] = panel.points.map((point) => [point.x, point.y])
  const r = correlation(points)
  const agreement = signAgreement(points)
  const facts = [
    r !== undefined && `correlation ${minus(formatFixed(r, 2))}`,
    agreement && `same sign in ${formatPercent(agreement.share, 0)} of ${agreement.count} steps`,
    panel.guide?.label,
  ].filter((fact) => typeof fact === 'string')
  const label = `Scatter plot${panel.name && `, ${panel.name}`}: ${x.label} against ${y.label}, ${points.length} points. ${facts.join('. ')}.`
  return html`<div class="panel s${panel.style}">
${panel.name !== '' && html`<h4>${panel.name}</h4>`}
${svgFrame(
  { x, y, height: 260 },
  label,
  html`${panel.guide && guideLine(panel.guide.slope, x, y)}<g class="dots">${panel.points.map(
    (point) =>
      html`<circle cx="${percentOf(x, point.x)}" cy="${percentDown(y, point.y)}" r="3.5"><title>${point.label}</title></circle>`,
  )}</g>`,
)}
<p class="facts">${facts.map((fact) => html`<span>${fact}</span> `)}</p>
</div>`
}

/** The part of y = slope x that lies within both axes. */
function guideLine(slope: number, x: Axis, y: Axis): Html | undefined {
  const bounds = slope === 0 ? [x.min, x.max] : [y.min / slope, y.max / slope].sort((a, b) => a - b)
  const from = Math.max(x.min, bounds[0])
  const to = Math.min(x.max, bounds[1])
  if (!(from < to)) return undefined
  return html`<line class="guide" x1="${percentOf(x, from)}" y1="${percentDown(y, from * slope)}" x2="${percentOf(x, to)}" y2="${percentDown(y, to * slope)}"/>`
}

/** An axis that shows all values and 0, with a little room. */
function axisAround(values: readonly number[], label: string): Axis {
  const [min, max] = extent([...values, 0])!
  const room = (max - min || 1) * 0.06
  return { min: min - room, max: max + room, label, ticks: 5 }
}
