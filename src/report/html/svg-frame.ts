/**
 * A plot frame in SVG whose inside is laid out in percentages: it takes the width that the page gives it while its
 * text keeps its size, needs no script and prints sharply. Y grows upwards in the numbers and downwards in the SVG.
 */
import { minus } from '../format.js'
import { formatTicks, ticksWithin } from '../ticks.js'
import { type Html, html } from './markup.js'

export interface Axis {
  min: number
  max: number
  label: string
  /** About how many ticks; 0 for none. */
  ticks: number
}

export interface Frame {
  x: Axis
  y: Axis
  height: number
}

/** Position along an axis as a percentage, `100%` at the maximum. */
export function percentOf(axis: Axis, value: number): string {
  return percent((value - axis.min) / (axis.max - axis.min))
}

/** As {@link percentOf} for the vertical, where SVG counts from the top. */
export function percentDown(axis: Axis, value: number): string {
  return percent((axis.max - value) / (axis.max - axis.min))
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))}%`
}

/** The frame with grid, ticks and labels around `inside`; `label` is what a screen reader hears. */
export function svgFrame(frame: Frame, label: string, inside: Html): Html {
  const { x, y, height } = frame
  const [ticksX, ticksY] = [x, y].map((axis) => (axis.ticks > 0 ? ticksWithin(axis.min, axis.max, axis.ticks) : []))
  const [labelsX, labelsY] = [formatTicks(ticksX), formatTicks(ticksY)]
  return html`<div class="frame">
<svg class="canvas" width="100%" height="${height}" role="img" aria-label="${label}">
<g class="grid">${ticksX.map((tick) => html`<line x1="${percentOf(x, tick)}" x2="${percentOf(x, tick)}" y1="0" y2="100%"/>`)}${ticksY.map(
    (tick) => html`<line y1="${percentDown(y, tick)}" y2="${percentDown(y, tick)}" x1="0" x2="100%"/>`,
  )}</g>
<g class="zero">${zeroLines(frame)}</g>
${inside}
<g class="ticks" aria-hidden="true">${ticksX.map((tick, i) => html`<text x="${percentOf(x, tick)}" y="100%" dy="18" text-anchor="middle">${minus(labelsX[i])}</text>`)}${ticksY.map(
    (tick, i) =>
      html`<text x="0" y="${percentDown(y, tick)}" dx="-8" dy="4" text-anchor="end">${minus(labelsY[i])}</text>`,
  )}<text class="name" x="50%" y="100%" dy="38" text-anchor="middle">${x.label}</text><text class="name" x="0" y="0" dx="-44" dy="-10">${y.label}</text></g>
</svg>
</div>`
}

function zeroLines({ x, y }: Frame): Html[] {
  const lines: Html[] = []
  if (x.min <= 0 && x.max >= 0) {
    lines.push(html`<line x1="${percentOf(x, 0)}" x2="${percentOf(x, 0)}" y1="0" y2="100%"/>`)
  }
  if (y.min <= 0 && y.max >= 0) {
    lines.push(html`<line y1="${percentDown(y, 0)}" y2="${percentDown(y, 0)}" x1="0" x2="100%"/>`)
  }
  return lines
}
