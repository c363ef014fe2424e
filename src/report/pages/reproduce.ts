/** The page of a reproduction: verdicts, then a section for each claim with its criterion, numbers and figures. */

import type { Reproduction } from '../../run/reproduce/reproduce.js'
import {
  type ClaimOutcome,
  type FigureData,
  performanceMargin,
  seedsInWords,
  seedsNeeded,
} from '../../run/reproduce/types.js'
import { realDisk, replaceFile } from '../../run/store/disk.js'
import { formatNumber, minus } from '../format.js'
import { barFigure } from '../html/bar-figure.js'
import { lineFigure } from '../html/line-figure.js'
import { type Html, html } from '../html/markup.js'
import { renderPage } from '../html/page.js'
import { scatterFigure } from '../html/scatter-figure.js'
import { renderHtmlTable } from '../html/table.js'
import { extent, mean, slopeThroughOrigin } from '../statistics.js'
import { comparisonExpectation, comparisonNumbers, comparisonSeeds } from '../terminal/reproduce.js'
import { figureGrid, wide } from './parts.js'

/** Writes the page to `file`, atomically, and returns its path. */
export function writeReproductionReport(outcome: Reproduction, file: string, command: string): string {
  replaceFile(realDisk, file, reproductionPage(outcome, command))
  return file
}

function reproductionPage(outcome: Reproduction, command: string): string {
  const { claims, scale, seeds, firstSeed, runs } = outcome
  return renderPage({
    title: `Claims about entropy, reproduced: ${scale.name} scale`,
    subtitle: `${seedsInWords(seeds, firstSeed)}; ${scale.words}.`,
    lead: html`<ul class="notes">
<li>Made by <code>${command}</code>; ${runs.complete} of ${runs.planned} runs complete${runs.failed.length > 0 && html`, ${runs.failed.length} failed`}.</li>
<li>Fixed before the runs: all arms of a comparison share seed, problems and draws, and a difference is taken seed by seed. A claim holds where the 95 % t interval of every deciding difference lies entirely on the stated side of 0 (for “costs no performance” of −${performanceMargin}), over at least ${seedsNeeded} seeds. It is contradicted where one lies entirely on the other side; all else is not shown. No correction is made for the number of comparisons.</li>
</ul>`,
    sections: [
      { id: 'verdicts', title: 'Verdicts', body: verdictTable(claims) },
      ...claims.map((claim) => ({
        id: `claim-${claim.id}`,
        title: `${claim.id}: ${claim.verdict ?? 'not run'}`,
        intro: `${claim.title} ${claim.experiment}`,
        body: claimBody(claim),
      })),
    ],
    footer: html`<p>Curves are means over the seeds. Drag over a chart to zoom in, double-click to zoom out. Made by isentrope; this file needs no network.</p>`,
  })
}

function verdictTable(claims: readonly ClaimOutcome[]): Html {
  return renderHtmlTable({
    caption: 'The claims and what was found',
    head: ['Claim', 'Verdict', 'Deciding comparisons that hold'],
    rows: claims.map(({ id, title, verdict, comparisons }) => {
      const deciding = comparisons.filter(({ decides }) => decides)
      const held = deciding.filter((one) => one.verdict === 'holds').length
      return {
        name: id,
        note: title,
        cells: [verdict ?? 'not run', deciding.length === 0 ? '–' : `${held} of ${deciding.length}`],
      }
    }),
  })
}

const cell = (value: number | null | undefined) => minus(formatNumber(value))

function claimBody({ unavailable, comparisons, figures }: ClaimOutcome): Html {
  if (unavailable !== undefined) return html`<p class="notice">${unavailable}</p>`
  const table = renderHtmlTable({
    caption: 'Differences by seed',
    head: ['Comparison', 'Verdict', 'Difference and 95 % interval', 'Must be', 'Means'],
    rows: comparisons.map((one) => ({
      name: one.label,
      note: `${one.decides ? '' : 'beside the claim, without a say in its verdict; '}${comparisonSeeds(one)}`,
      cells: [
        one.reason === undefined ? one.verdict : `${one.verdict} (${one.reason})`,
        comparisonNumbers(one),
        comparisonExpectation(one),
        one.against ? `${cell(mean(one.of))} minus ${cell(mean(one.against))}` : cell(mean(one.of)),
      ],
    })),
  })
  return html`${table}${figureGrid(figures.map(figureMarkup))}`
}

function figureMarkup(figure: FigureData): Html | undefined {
  if (figure.kind === 'bars') {
    return wide(barFigure({ ...figure, series: figure.series.map((one, style) => ({ ...one, style })) }))
  }
  if (figure.kind === 'lines') {
    const steps = extent(figure.series.flatMap(({ points }) => points.map(([x]) => x)))
    return steps && lineFigure({ ...figure, xRange: steps, include: figure.unit === 'nats' ? [0] : [] })
  }
  return scatterFigure({
    ...figure,
    panels: figure.panels.map(({ name, points }, style) => {
      const slope = slopeThroughOrigin(points.map(({ x, y }) => [x, y] as const))
      return {
        name,
        points,
        style,
        ...(slope === undefined ? {} : { guide: { slope, label: `slope ${minus(formatNumber(slope, 2))}` } }),
      }
    }),
  })
}
