/** What a run's report shows of its ledger: predictions against measured changes, and which tokens they came from. */
import { ledgerClasses } from '../../train/ledger.js'
import { formatNumber, minus } from '../format.js'
import { type Html, html } from '../html/markup.js'
import { type ScatterPanel, scatterFigure } from '../html/scatter-figure.js'
import { renderHtmlTable } from '../html/table.js'
import { metricValue, numberOf } from '../metrics.js'
import { mean, slopeThroughOrigin } from '../statistics.js'
import type { RunData } from './run/data.js'

export const ledgerIntro =
  'What an optimizer step does to the mean entropy of its own tokens: predicted to first order from the step really taken, ' +
  'predicted from the tokens’ scores, and measured by a forward pass after it. All in nats, on the same tokens.'

/** Exact and logit-level prediction against the measured change; undefined without a ledger. */
export function ledgerScatter({ metrics }: RunData): Html | undefined {
  const panel = (key: string, name: string, style: number): ScatterPanel => {
    const points = metrics.flatMap((line) => {
      const [x, y] = [metricValue(line, key), numberOf(line.ledger_measured_dH)]
      if (x === undefined || y === undefined) return []
      const label = `step ${line.step}: predicted ${minus(formatNumber(x))}, measured ${minus(formatNumber(y))} nats`
      return [{ x, y, label }]
    })
    const slope = slopeThroughOrigin(points.map(({ x, y }) => [x, y] as const))
    const guide =
      key === 'ledger_pred_dH_exact'
        ? { slope: 1, label: 'measured = predicted' }
        : slope !== undefined && points.length > 2
          ? { slope, label: `slope ${minus(formatNumber(slope, 2))}` }
          : undefined
    return { name, style, points, guide }
  }
  return scatterFigure({
    id: 'ledger',
    title: 'Ledger: predicted and measured change of entropy',
    unit: 'a dot for each ledger step',
    xLabel: 'predicted dH, nats',
    yLabel: 'measured dH, nats',
    caption:
      'Exact: the gradient of the mean entropy times the step of the parameters; it misses what is of second order. By the ' +
      'logits: from the scores of the tokens whose gradient went through, as if each moved its own logits alone, per unit step on them.',
    panels: [panel('ledger_pred_dH_exact', 'exact first order', 0), panel('ledger_pred_dH_logit', 'by the logits', 1)],
  })
}

const classNames = {
  positive_above: ['A > 0, Sc > 0', 'rewarded likely tokens'],
  positive_below: ['A > 0, Sc < 0', 'rewarded unlikely tokens'],
  negative_above: ['A < 0, Sc > 0', 'punished likely tokens'],
  negative_below: ['A < 0, Sc < 0', 'punished unlikely tokens'],
  no_advantage: ['A = 0', 'a KL term alone'],
} as const

/** Mean shares of the exact prediction over the ledger's steps; undefined without any. */
export function ledgerTable({ metrics }: RunData): Html | undefined {
  const lines = metrics.filter((line) => numberOf(line.ledger_pred_dH_exact) !== undefined)
  if (lines.length === 0) return undefined
  const has = (key: string) => lines.some((line) => metricValue(line, key) !== undefined)
  // A row that a step lacks was 0 there.
  const average = (key: string) =>
    has(key) ? formatNumber(mean(lines.map((line) => metricValue(line, key) ?? 0))) : '–'
  const classes = ledgerClasses.filter((kind) => has(`ledger_kept_${kind}`) || has(`ledger_masked_${kind}`))
  const others = [
    ['ledger_gradient', 'this batch’s gradient', 'all tokens together'],
    ['ledger_bonus', 'entropy bonus', undefined],
    ['ledger_momentum', 'momentum', 'AdamW’s first moment, from earlier steps'],
    ['ledger_decay', 'weight decay', undefined],
    ['ledger_remainder', 'remainder', 'rounding, and the third order of the difference'],
  ] as const
  const caption = `Shares of the exact prediction, nats per step: means over ${lines.length} ledger steps`
  return html`${renderHtmlTable({
    caption,
    head: ['Tokens', 'taken', 'masked: what they would have added'],
    rows: [
      ...classes.map((kind) => ({
        name: classNames[kind][0],
        note: classNames[kind][1],
        cells: [average(`ledger_kept_${kind}`), average(`ledger_masked_${kind}`)],
      })),
      ...others.filter(([key]) => has(key)).map(([key, name, note]) => ({ name, note, cells: [average(key), ''] })),
      { name: 'sum', note: 'the exact prediction', cells: [average('ledger_pred_dH_exact'), ''] },
    ],
  })}`
}
