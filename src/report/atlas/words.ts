/** Sentences that the terminal and the page share. */
import { formatCount, formatNumber, formatPercent, minus } from '../format.js'
import type { Atlas } from './atlas.js'

/** What the numbers are of, in a line. */
export function subtitleOf({ steps, tokens, trainableTokens, entropy, ratio, model }: Atlas): string {
  const which = steps.length === 1 ? `step ${steps[0]}` : `${steps.length} steps, ${steps[0]} to ${steps.at(-1)}`
  const policy =
    model === undefined
      ? 'under the policy that sampled them, r = 1 as in a first update'
      : `under ${model}, r ${formatNumber(ratio.min)} to ${formatNumber(ratio.max)}, mean |log r| ${formatNumber(ratio.meanAbsLog)}`
  return (
    `${which}: ${formatCount(tokens)} tokens, ${formatCount(trainableTokens)} with A not 0, ` +
    `mean entropy ${formatNumber(entropy)} nats, ${policy}`
  )
}

/** A statement's figures as words: `clipped_share` as `clipped share 3.1 %`. */
export function figureTexts(figures: Record<string, number>): string[] {
  return Object.entries(figures).map(([name, value]) => {
    const text = name.endsWith('_tokens')
      ? formatCount(value)
      : name.endsWith('_share')
        ? formatPercent(value)
        : minus(formatNumber(value))
    return `${name.replaceAll('_', ' ')} ${text}`
  })
}
