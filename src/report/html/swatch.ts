import { type Html, html } from './markup.js'

/** How many series are told apart by colour and dash before the styles repeat. */
export const styleCount = 6

/** A short piece of the line that the series is drawn with. */
export function swatch(style: number): Html {
  return html`<svg class="swatch s${style % styleCount}" width="26" height="10" aria-hidden="true"><line x1="1" y1="5" x2="25" y2="5"/></svg>`
}

/** Fills that differ in more than their colour; referenced by the style sheet, once a page. */
export function fillPatterns(): Html {
  const shapes = [
    html`<path d="M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4"/>`,
    html`<circle cx="2" cy="2" r="1.3"/><circle cx="6" cy="6" r="1.3"/>`,
    html`<path d="M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4"/>`,
    html`<path d="M0,4 h8"/>`,
    html`<path d="M4,0 v8"/>`,
  ]
  return html`<svg class="unseen" aria-hidden="true" width="0" height="0"><defs>${shapes.map(
    (shape, i) =>
      html`<pattern id="fill-${i + 1}" class="s${i + 1}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8"/>${shape}</pattern>`,
  )}</defs></svg>`
}
