/** An analysis of logged completions as one HTML page: the batch's intervals, then every token in its colour. */
import type { Analysis, AnalyzedCompletion, AnalyzedToken, Direction, LogSettings } from '../../entropy/index.js'
import { formatCount, formatNumber, formatPercent } from '../format.js'
import { type Html, html } from '../html/markup.js'
import { renderPage } from '../html/page.js'
import { renderHtmlTable } from '../html/table.js'
import { levelOf } from '../html/token-strip.js'
import { directionNames, formatInterval } from '../terminal/analyze.js'

export interface AnalysisPage {
  analysis: Analysis
  settings: LogSettings
  title: string
}

/** The document as text, UTF-8; it needs nothing else. */
export function renderAnalysisPage({ analysis, settings, title }: AnalysisPage): string {
  const { summary, completions } = analysis
  const limit = scaleOf(completions.flatMap(({ tokens }) => tokens))
  return renderPage({
    title,
    subtitle: `${formatCount(summary.completions)} completions, ${formatCount(summary.tokens)} tokens; V ${formatCount(settings.vocabSize)}, T ${settings.temperature}`,
    lead: html`${summary.warnings.map((warning) => html`<p class="notice">${warning}</p>`)}`,
    sections: [
      {
        id: 'batch',
        title: 'The batch',
        intro: 'Intervals hold the truth whatever the tokens beyond the listed ones are.',
        body: html`${directionTable(analysis)}${batchTable(analysis)}`,
      },
      {
        id: 'tokens',
        title: 'The tokens',
        intro: summary.update
          ? 'Blue tokens raise entropy in this update and orange ones lower it; an underline is a token that Clip_B or Clip_V masks for certain. Without colour: next to no change, or a sign that the list leaves open.'
          : 'Blue tokens raise entropy if they are rewarded and orange ones lower it. Without colour: next to no change, or a sign that the list leaves open.',
        body: html`<div class="strips">${completions.map((completion) => strip(completion, limit))}</div>`,
      },
    ],
    footer: html`<p>Entropy in nats. arXiv 2602.03392.</p>`,
  })
}

function directionTable({ summary }: Analysis): Html {
  const { ifRewarded, update, tokens } = summary
  const cell = (count: number) => `${formatCount(count)} (${formatPercent(count / tokens)})`
  return renderHtmlTable({
    caption: 'Tokens by their direction',
    head: ['', 'if rewarded', ...(update ? ['in this update'] : [])],
    rows: (['raises', 'lowers', 'none', 'unknown'] as const).map((direction) => ({
      name: directionNames[direction],
      cells: [cell(ifRewarded[direction]), ...(update ? [cell(update[direction])] : [])],
    })),
  })
}

function batchTable({ summary }: Analysis): Html {
  const { entropy, predictedStep, covariance, clipB, clipV } = summary
  return renderHtmlTable({
    caption: 'Quantities of the batch',
    head: ['', 'interval'],
    rows: [
      { name: 'Mean entropy', note: 'nats', cells: [formatInterval(entropy)] },
      ...(predictedStep
        ? [{ name: 'Predicted dH', note: 'nats per unit step', cells: [formatInterval(predictedStep)] }]
        : []),
      ...(covariance ? [{ name: 'Cov(A, Sc)', note: 'nats', cells: [formatInterval(covariance)] }] : []),
      ...[
        { name: 'Clip_B', clip: clipB },
        { name: 'Clip_V', clip: clipV },
      ].flatMap(({ name, clip }) =>
        clip
          ? [
              { name: `${name}: sigma`, note: 'nats', cells: [formatInterval(clip.sigma)] },
              { name: `${name}: masks`, note: 'tokens', cells: [`${clip.masked} … ${clip.masked + clip.possible}`] },
            ]
          : [],
      ),
    ],
  })
}

function strip({ where, reward, tokens }: AnalyzedCompletion, limit: number): Html {
  return html`<article>
<h3>${where}</h3>
${reward !== undefined && html`<p class="facts"><span>reward ${formatNumber(reward)}</span></p>`}
<p class="tokens" dir="auto">${tokens.map((token) => tokenSpan(token, limit))}</p>
</article>`
}

function tokenSpan(token: AnalyzedToken, limit: number): Html {
  // A run's report colours by Sc, which lowers entropy above 0: orange is the same direction on both pages.
  const level = directionOf(token) === 'unknown' ? 0 : levelOf(-middle(token), limit)
  const colour = level < 0 ? `n${-level}` : level > 0 ? `p${level}` : 'z'
  const masked = token.clipB === 'masked' || token.clipV === 'masked'
  const facts = [
    `log p ${formatNumber(token.logprob)}`,
    `H ${formatInterval(token.entropy)}`,
    `S* ${formatInterval(token.S)}`,
    `Sc ${formatInterval(token.centredS)}`,
    `if rewarded: ${directionNames[token.ifRewarded]}`,
    token.update && `A ${formatNumber(token.advantage)}: ${directionNames[token.update]}`,
    token.clipB && `Clip_B ${token.clipB}, Clip_V ${token.clipV}`,
  ].filter((fact) => fact !== undefined)
  const text = token.text === '' ? '∅' : token.text.replaceAll('\n', '↵\n')
  return html`<span class="t ${colour}${masked && ' m'}" title="${facts.join('\n')}">${text}</span>`
}

const directionOf = (token: AnalyzedToken): Direction => token.update ?? token.ifRewarded

/** The effect of the update, or of rewarding the token, at the interval's middle. */
function middle(token: AnalyzedToken): number {
  const [low, high] = token.effect ?? token.centredS.map((end) => -end)
  return (low + high) / 2
}

/** The 98th percentile of the sizes, so that one outlier does not pale the others. */
function scaleOf(tokens: AnalyzedToken[]): number {
  const sizes = tokens.map((token) => Math.abs(middle(token))).sort((a, b) => a - b)
  return sizes[Math.floor((sizes.length - 1) * 0.98)]
}
