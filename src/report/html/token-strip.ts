/**
 * A completion whose tokens are coloured by one of their numbers. Levels go from -5 (blue) over 0 to +5 (orange) on a
 * linear scale that is the same for every strip of a page; the page's script recolours the strips by another number
 * and shows a token's figures on hover, focus and touch. Masked tokens are marked by an underline, not only a colour.
 */
import { formatNumber } from '../format.js'
import { type Html, html, jsonScript } from './markup.js'

export interface StripToken {
  id: number
  text: string
  logprob: number
  entropy: number
  s: number
  expectedS: number
  /** False where the method masked the token's gradient. */
  kept: boolean
}

export interface Strip {
  /** Heading of the strip. */
  title: string
  facts: readonly string[]
  /** Absent: the tokens are the whole text. */
  prompt?: string
  answer?: string
  tokens: readonly StripToken[]
  /** Absent: nothing was trained on it. */
  advantage?: number
  /** Tokens beyond those shown. */
  hidden: number
  /** Set where token texts are unknown and ids stand in for them. */
  completion?: string
}

export const levels = 5

/** -levels .. levels; values below a tenth of a level's width are 0. The page's script uses the same rule. */
export function levelOf(value: number, limit: number): number {
  if (!Number.isFinite(value) || !(limit > 0)) return 0
  const level = Math.ceil((Math.abs(value) / limit) * levels - 0.1)
  return Math.sign(value) * Math.min(levels, Math.max(0, level))
}

export function tokenStrip(strip: Strip, limit: number): Html {
  const { tokens } = strip
  const separator = strip.completion === undefined ? '' : ' '
  const data = {
    a: strip.advantage ?? null,
    id: tokens.map(({ id }) => id),
    l: tokens.map(({ logprob }) => rounded(logprob)),
    h: tokens.map(({ entropy }) => rounded(entropy)),
    s: tokens.map(({ s }) => rounded(s)),
    c: tokens.map(({ s, expectedS }) => rounded(s - expectedS)),
    m: tokens.map(({ kept }) => (kept ? 0 : 1)),
  }
  return html`<article class="strip">
<h4>${strip.title}</h4>
<p class="facts">${strip.facts.map((fact) => html`<span>${fact}</span> `)}</p>
${strip.prompt !== undefined && html`<details><summary>Prompt</summary><pre dir="auto">${strip.prompt}</pre>${strip.answer !== undefined && html`<p class="answer">Reference answer: <bdi>${strip.answer}</bdi></p>`}</details>`}
${strip.completion !== undefined && html`<pre class="completion" dir="auto">${strip.completion}</pre>`}
<p class="tokens${strip.completion !== undefined && ' ids'}" dir="auto" tabindex="0">${tokens.map(
    (token) => html`${tokenSpan(token, limit)}${separator}`,
  )}</p>
${strip.hidden > 0 && html`<p class="more">and ${strip.hidden} more tokens</p>`}
${jsonScript(data)}
</article>`
}

/**
 * The scale of {@link levelOf} as a legend; the script rewrites its labels when another number is chosen. `trained`: the tokens
 * have advantages and masks.
 */
export function stripLegend(limit: number, trained = true): Html {
  const steps = Array.from({ length: 2 * levels + 1 }, (_, i) => i - levels)
  const end = formatNumber(limit, 2)
  return html`<div class="scale" data-limit="${limit}">
<label class="by">Color tokens by <select disabled>
<option value="c">Sc, the centered score (nats)</option>
${trained && html`<option value="e">−A Sc, what the update does to entropy</option>`}
<option value="s">S*, the token’s score (nats)</option>
<option value="h">H, entropy before the token (nats)</option>
<option value="l">log p of the token (nats)</option>
</select></label>
<span class="ends"><span class="low">−${end}</span><span class="steps" aria-hidden="true">${steps.map((level) => html`<i class="${levelClass(level)}"></i>`)}</span><span class="high">+${end}</span></span>
${trained && html`<span class="key"><span class="t m">masked</span> no gradient</span>`}
</div>`
}

function tokenSpan(token: StripToken, limit: number): Html {
  const level = levelClass(levelOf(token.s - token.expectedS, limit))
  const text = token.text === '' ? '∅' : token.text.replaceAll('\n', '↵\n')
  return html`<span class="t ${level}${!token.kept && ' m'}">${text}</span>`
}

function levelClass(level: number): string {
  return level < 0 ? `n${-level}` : level > 0 ? `p${level}` : 'z'
}

function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null
}
