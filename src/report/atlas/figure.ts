/**
 * The picture: a bar to the left for the update mass that lowers entropy and one to the right for what raises it, a row
 * for each method, each bar cut into A > 0 and A < 0. The frame is the whole update's mass.
 */
import { formatNumber, formatPercent, minus } from '../format.js'
import { type Html, html } from '../html/markup.js'
import { percent } from '../html/svg-frame.js'
import type { Atlas, AtlasRow } from './atlas.js'

const height = 22

export function atlasFigure({ rows, mass }: Atlas): Html {
  const lowering = Math.abs(mass.positive.lowering) + Math.abs(mass.negative.lowering)
  const raising = mass.positive.raising + mass.negative.raising
  const scale = Math.max(lowering, raising)
  if (scale === 0) return html`<p class="notice">No token has an advantage: there is no update to look at.</p>`
  const along = (value: number) => value / scale / 2
  return html`<figure class="histogram" id="mass">
<h3>Update mass kept</h3>
<ul class="legend">${['A > 0, rewarded', 'A < 0, punished'].map(
    (name, style) =>
      html`<li><svg class="bars s${style}" width="14" height="14" aria-hidden="true"><rect width="14" height="14"/></svg> ${name}</li>`,
  )}</ul>
<div class="table" tabindex="0" role="region" aria-label="Update mass kept"><table>
<thead><tr><th scope="col">Method</th><th scope="col" class="mass">← lowers entropy · raises entropy →</th><th scope="col">dH, nats</th></tr></thead>
<tbody>${rows.map((row) => html`<tr><th scope="row">${row.method}</th><td class="mass">${bars(row)}</td><td>${minus(formatNumber(row.predictedDH))}</td></tr>\n`)}</tbody>
</table></div>
<figcaption>The thin frame is the whole update r A. dH is what is left on the right less what is left on the left, with an entropy bonus's own part.</figcaption>
</figure>`

  function bars({ method, positive, negative }: AtlasRow): Html {
    const parts = [
      { style: 0, left: Math.abs(mass.positive.lowering), right: mass.positive.raising, shares: positive },
      { style: 1, left: Math.abs(mass.negative.lowering), right: mass.negative.raising, shares: negative },
    ]
    let left = 0.5
    let right = 0.5
    const rects = parts.map(({ style, left: lowers, right: raises, shares }) => {
      // A share below 0 has turned round: it is drawn as nothing and told in the table.
      const down = along(Math.max(0, shares.lowering ?? 0) * lowers)
      const up = along(Math.max(0, shares.raising ?? 0) * raises)
      left -= down
      right += up
      return html`<g class="bars s${style}"><rect x="${percent(left)}" width="${percent(down)}" y="4" height="${height - 8}"/><rect x="${percent(right - up)}" width="${percent(up)}" y="4" height="${height - 8}"/></g>`
    })
    const [from, to] = [0.5 - along(lowering), 0.5 + along(raising)]
    const told = `${method}: keeps ${formatPercent(positive.lowering)} and ${formatPercent(negative.lowering)} of the lowering, ${formatPercent(positive.raising)} and ${formatPercent(negative.raising)} of the raising mass of A above and below 0`
    return html`<svg class="canvas" width="100%" height="${height}" role="img" aria-label="${told}"><title>${told}</title>
<g class="whole"><rect x="${percent(from)}" width="${percent(to - from)}" y="1" height="${height - 2}"/></g>${rects}<g class="zero"><line x1="50%" x2="50%" y1="0" y2="100%"/></g></svg>`
  }
}
