/** Texts token by token on a page of their own: what `score` and `generate` say of them, colored as in a run's report. */
import { formatNumber, minus } from '../format.js'
import { html } from '../html/markup.js'
import { renderPage } from '../html/page.js'
import { type StripToken, stripLegend, tokenStrip } from '../html/token-strip.js'
import { quantile } from '../statistics.js'

export interface ScoredText {
  title: string
  facts: readonly string[]
  /** Absent: the tokens are the whole text. */
  prompt?: string
  tokens: readonly Omit<StripToken, 'kept'>[]
}

export interface TokenPageOptions {
  title: string
  subtitle: string
  /** Of all texts, those that are not shown included. */
  count: number
}

/** Texts and tokens of a text that are shown at most; the JSON lines have all. */
export const mostTexts = 200
const mostTokens = 2000

/** The page as text. Numbers that a token lacks are NaN: nothing predicts the first one. */
export function tokenPage(texts: readonly ScoredText[], { title, subtitle, count }: TokenPageOptions): string {
  const shown = texts.slice(0, mostTexts)
  const limit =
    quantile(
      shown.flatMap(({ tokens }) => tokens.map(({ s, expectedS }) => Math.abs(s - expectedS))),
      0.98,
    ) ?? 0
  const strips = shown.map(({ tokens, ...text }) =>
    tokenStrip(
      {
        ...text,
        tokens: tokens.slice(0, mostTokens).map((token) => ({ ...token, kept: true })),
        hidden: Math.max(0, tokens.length - mostTokens),
      },
      limit,
    ),
  )
  const hidden = count - shown.length
  return renderPage({
    title,
    subtitle,
    sections: [
      {
        id: 'tokens',
        title: 'Tokens',
        intro:
          'Orange tokens have Sc above 0: they are likelier than the entropy expects. Blue ones have Sc below 0. Point at a ' +
          'token, or use the arrow keys, to see its numbers.',
        body: html`${stripLegend(limit, false)}
<h3 class="unseen">Text by text</h3>
<div class="strips">${strips}</div>
${hidden > 0 && html`<p class="more">and ${hidden} more, which --json prints</p>`}`,
      },
    ],
    footer: html`<p>Made by isentrope; this file needs no network.</p>`,
  })
}

/** `12 tokens`, and the totals of their numbers. */
export function totalFacts(tokens: readonly Omit<StripToken, 'kept'>[]): string[] {
  const known = tokens.filter(({ logprob }) => Number.isFinite(logprob))
  const sum = known.reduce((total, { logprob }) => total + logprob, 0)
  const entropy = known.reduce((total, token) => total + token.entropy, 0) / known.length
  return [
    `${tokens.length} ${tokens.length === 1 ? 'token' : 'tokens'}`,
    ...(known.length === 0
      ? []
      : [`log p ${minus(formatNumber(sum))}`, `mean entropy ${minus(formatNumber(entropy))} nats`]),
  ]
}
