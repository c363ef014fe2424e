/** A text token by token as a table for a terminal. */
import pc from 'picocolors'
import { formatNumber, minus } from '../format.js'
import type { StripToken } from '../html/token-strip.js'
import { renderTable } from './table.js'
import { oneLine } from './text.js'

/** Numbers that a token lacks are NaN: nothing predicts the first one. */
export function renderTokens(tokens: readonly Omit<StripToken, 'kept'>[]): string {
  const cell = (value: number) => minus(formatNumber(value))
  const rows = tokens.map(({ id, text, logprob, entropy, s, expectedS }) => {
    const sc = s - expectedS
    const shown = oneLine(JSON.stringify(text), 24)
    return [
      sc > 0 ? pc.yellow(shown) : sc < 0 ? pc.blue(shown) : shown,
      String(id),
      cell(Math.exp(logprob)),
      cell(logprob),
      cell(entropy),
      cell(s),
      cell(sc),
    ]
  })
  return renderTable([['token', 'id', 'p', 'log p', 'H', 'S*', 'Sc'], ...rows])
}
