import { minus } from '../format.js'
import { type Html, html } from './markup.js'

export interface HtmlTable {
  caption: string
  head: readonly string[]
  rows: readonly HtmlRow[]
}

export interface HtmlRow {
  name: string
  /** Below the name: what the row's numbers are taken over. */
  note?: string
  cells: readonly string[]
}

/** Characters from which a cell breaks into lines: figures with their intervals have fewer, lists of a recipe more. */
const longCell = 32

/** A table that scrolls by itself where it is wider than the page. */
export function renderHtmlTable({ caption, head, rows }: HtmlTable): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ name, note, cells }) =>
      html`<tr><th scope="row">${name}${note && html` <small>${note}</small>`}</th>${cells.map((cell) => html`<td${cell.length > longCell && html` class="long"`}>${minus(cell)}</td>`)}</tr>\n`,
  )}</tbody>
</table></div>`
}
