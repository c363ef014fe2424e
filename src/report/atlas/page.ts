/** The atlas as one HTML page. */
import { formatNumber, formatPercent } from '../format.js'
import { html } from '../html/markup.js'
import { renderPage } from '../html/page.js'
import { renderHtmlTable } from '../html/table.js'
import type { Atlas } from './atlas.js'
import { atlasFigure } from './figure.js'
import { figureTexts, subtitleOf } from './words.js'

/** The document as text, UTF-8; it needs nothing else. */
export function renderAtlasPage(atlas: Atlas, title: string): string {
  const { mass } = atlas
  return renderPage({
    title,
    subtitle: subtitleOf(atlas),
    sections: [
      {
        id: 'picture',
        title: 'What each method leaves',
        intro:
          'A rewarded unlikely token and a punished likely one raise entropy; the other two lower it. Each method takes ' +
          'its own part of both.',
        body: atlasFigure(atlas),
      },
      {
        id: 'numbers',
        title: 'Numbers',
        intro:
          'Tokens: share of those with A not 0 that keep a gradient. Raises, lowers: share left of the update mass under ' +
          'r A. dH in nats per unit step; to GRPO: less that of PPO clip.',
        body: renderHtmlTable({
          caption: 'Every method on the same rollouts',
          head: [
            'Method',
            'tokens',
            'A>0 raises',
            'A>0 lowers',
            'A<0 raises',
            'A<0 lowers',
            'dH',
            'of it bonus',
            'to GRPO',
          ],
          rows: [
            {
              name: 'whole mass',
              cells: [
                '',
                formatNumber(mass.positive.raising),
                formatNumber(mass.positive.lowering),
                formatNumber(mass.negative.raising),
                formatNumber(mass.negative.lowering),
                '',
                '',
                '',
              ],
            },
            ...atlas.rows.map((row) => ({
              name: row.method,
              cells: [
                formatPercent(row.tokensKept),
                formatPercent(row.positive.raising),
                formatPercent(row.positive.lowering),
                formatPercent(row.negative.raising),
                formatPercent(row.negative.lowering),
                formatNumber(row.predictedDH),
                formatNumber(row.bonusDH),
                formatNumber(row.againstGrpo),
              ],
            })),
          ],
        }),
      },
      {
        id: 'statements',
        title: "The paper's statements",
        intro: 'Each with the criterion that it is judged by, on these rollouts.',
        body: html`<dl>${atlas.statements.map(
          ({ text, criterion, verdict, figures }) =>
            html`<dt><strong>${verdict[0].toUpperCase()}${verdict.slice(1)}.</strong> ${text}</dt><dd><p>Criterion: ${criterion}.</p><p>${figureTexts(figures).join(', ')}.</p></dd>`,
        )}</dl>`,
      },
    ],
    footer: html`<p>${atlas.source}. Entropy in nats. arXiv 2602.03392.</p>`,
  })
}
