/** The atlas in a terminal. */
import { formatCount, formatNumber, formatPercent, minus } from '../format.js'
import { renderTable } from '../terminal/table.js'
import { wrap } from '../terminal/text.js'
import type { Atlas } from './atlas.js'
import { figureTexts, subtitleOf } from './words.js'

const head = ['method', 'tokens', 'A>0 raises', 'A>0 lowers', 'A<0 raises', 'A<0 lowers', 'dH', 'to GRPO']

export function renderAtlas(atlas: Atlas, width: number): string {
  const { mass } = atlas
  const whole = [
    'whole mass',
    '',
    ...[mass.positive.raising, mass.positive.lowering, mass.negative.raising, mass.negative.lowering].map((value) =>
      minus(formatNumber(value)),
    ),
    '',
    '',
  ]
  const rows = atlas.rows.map(({ method, tokensKept, positive, negative, predictedDH, againstGrpo }) => [
    method,
    formatPercent(tokensKept),
    ...[positive.raising, positive.lowering, negative.raising, negative.lowering].map((share) => formatPercent(share)),
    minus(formatNumber(predictedDH)),
    minus(formatNumber(againstGrpo)),
  ])
  const notes = [
    'Tokens: share of those with A not 0 that keep a gradient. Raises, lowers: share left of the update mass that raises ' +
      'or lowers entropy under r A. dH: predicted, nats per unit step.',
    ...(atlas.rows.some(({ bonusDH }) => bonusDH === undefined)
      ? ['The rollout file holds no sum S^2: the effect of an entropy bonus is left out.']
      : []),
  ]
  const said = atlas.statements.flatMap(({ text, verdict, figures }) => [
    ...wrap(`${verdict.toUpperCase()}: ${text}`, width),
    ...wrap(figureTexts(figures).join(', '), width - 2).map((line) => `  ${line}`),
  ])
  return `${[
    ...wrap(subtitleOf(atlas), width),
    '',
    renderTable([head, whole, ...rows]),
    '',
    ...notes.flatMap((note) => wrap(note, width)),
    '',
    "The paper's statements on these rollouts:",
    ...said,
    `${formatCount(atlas.tokens)} tokens.`,
  ].join('\n')}\n`
}
