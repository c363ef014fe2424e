/** An analysis of logged completions as text for a terminal. */
import pc from 'picocolors'
import type {
  Analysis,
  AnalysisSummary,
  AnalyzedToken,
  ClipSummary,
  Direction,
  Interval,
  LogSettings,
} from '../../entropy/index.js'
import { formatCount, formatCounted, formatNumber, formatPercent } from '../format.js'
import { renderTable } from './table.js'
import { plainText, truncate, wrap } from './text.js'

export interface AnalysisView {
  analysis: Analysis
  settings: LogSettings
  /** How many tokens are listed, those of the largest possible effect first; in order where all are. */
  rows: number
  width: number
}

/** `0.12 … 0.34`; one number where both ends read alike. */
export function formatInterval([low, high]: Interval, digits = 3): string {
  const [from, to] = [low, high].map((value) =>
    Number.isFinite(value) ? formatNumber(value, digits).replaceAll('-', '−') : value < 0 ? '−∞' : '∞',
  )
  return from === to ? from : `${from} … ${to}`
}

const paint: Record<Direction, (text: string) => string> = {
  raises: pc.blue,
  lowers: pc.yellow,
  none: pc.dim,
  unknown: pc.dim,
}

export const directionNames: Record<Direction, string> = {
  raises: 'raises entropy',
  lowers: 'lowers entropy',
  none: 'no change',
  unknown: 'not known',
}

export function renderAnalysis({ analysis, settings, rows, width }: AnalysisView): string {
  const { summary } = analysis
  const parts = [
    headline(summary, settings),
    directions(summary),
    ...(summary.predictedStep ? [batch(summary)] : []),
    ...(summary.clipB && summary.clipV ? [clips(summary.clipB, summary.clipV)] : []),
    ...(rows > 0 ? [tokens(analysis, rows)] : []),
    ...summary.warnings.map((warning) => wrap(`${pc.yellow('warning:')} ${plainText(warning)}`, width).join('\n')),
  ]
  return `${parts.join('\n\n')}\n`
}

function headline(summary: AnalysisSummary, { vocabSize, temperature }: LogSettings): string {
  const [fewest, most] = summary.topK
  const k = fewest === most ? `${most}` : `${fewest} to ${most}`
  return [
    `${formatCounted(summary.completions, 'completion')} in ${formatCounted(summary.groups, 'group')}, ` +
      `${formatCounted(summary.tokens, 'token')} with ${k} log-probabilities each; V ${formatCount(vocabSize)}, T ${temperature}`,
    `Mean entropy ${pc.bold(formatInterval(summary.entropy))} nats`,
  ].join('\n')
}

function directions({ ifRewarded, update, tokens }: AnalysisSummary): string {
  const cell = (count: number) => `${formatCount(count)} (${formatPercent(count / tokens)})`
  const shown = (['raises', 'lowers', 'none', 'unknown'] as const).filter(
    (direction) => ifRewarded[direction] > 0 || (update?.[direction] ?? 0) > 0,
  )
  return renderTable([
    ['Tokens', 'if rewarded', ...(update ? ['in this update'] : [])],
    ...shown.map((direction) => [
      paint[direction](directionNames[direction]),
      cell(ifRewarded[direction]),
      ...(update ? [cell(update[direction])] : []),
    ]),
  ])
}

function batch({ predictedStep, direction, covariance }: AnalysisSummary): string {
  const verdict = {
    raises: 'entropy rises',
    lowers: 'entropy falls',
    none: 'entropy stays',
    unknown: 'the direction is not known',
  }[direction as Direction]
  return [
    `Predicted dH  ${formatInterval(predictedStep as Interval)} nats per unit step: ${pc.bold(verdict)}`,
    `Cov(A, Sc)    ${formatInterval(covariance as Interval)} (its negative is the expectation)`,
  ].join('\n')
}

function clips(clipB: ClipSummary, clipV: ClipSummary): string {
  const row = (name: string, clip: ClipSummary) => [
    name,
    formatCount(clip.masked),
    formatCount(clip.possible),
    formatInterval(clip.sigma),
    formatInterval(clip.low),
    formatInterval(clip.high),
  ]
  return renderTable([
    ['Clip', 'masks', 'may mask', 'sigma', 'low', 'high'],
    row('Clip_B on S*', clipB),
    row('Clip_V on Sc', clipV),
  ])
}

function tokens(analysis: Analysis, rows: number): string {
  const all = analysis.completions.flatMap((completion, c) => completion.tokens.map((token, t) => ({ c, t, token })))
  const size = ({ token }: { token: AnalyzedToken }) =>
    Math.max(...(token.effect ?? token.centredS).map((end) => Math.abs(end)))
  const shown = rows >= all.length ? all : all.toSorted((a, b) => size(b) - size(a)).slice(0, rows)
  const withAdvantages = analysis.summary.update !== undefined
  const table = renderTable([
    [
      ...['at', 'token', 'log p', 'H', 'S*', 'Sc', 'if rewarded'],
      ...(withAdvantages ? ['A', 'update', 'Clip_B', 'Clip_V'] : []),
    ],
    ...shown.map(({ c, t, token }) => [
      `${c}:${t}`,
      truncate(plainText(JSON.stringify(token.text)), 16),
      formatNumber(token.logprob).replaceAll('-', '−'),
      formatInterval(token.entropy),
      formatInterval(token.S),
      formatInterval(token.centredS),
      paint[token.ifRewarded](directionNames[token.ifRewarded]),
      ...(withAdvantages
        ? [
            formatNumber(token.advantage).replaceAll('-', '−'),
            paint[token.update as Direction](directionNames[token.update as Direction]),
            token.clipB as string,
            token.clipV as string,
          ]
        : []),
    ]),
  ])
  const note =
    shown.length < all.length
      ? `\n${shown.length} of ${formatCount(all.length)} tokens, those of the largest possible effect`
      : ''
  return `${table}${note}`
}
