/** Claims, criteria and verdicts in the terminal. */
import pc from 'picocolors'
import type { Reproduction } from '../../run/reproduce/reproduce.js'
import type { ClaimOutcome, ComparisonOutcome, Verdict } from '../../run/reproduce/types.js'
import { formatNumber, minus } from '../format.js'
import { wrap } from './text.js'

const colours: Record<Verdict, (text: string) => string> = {
  holds: pc.green,
  'not shown': pc.yellow,
  contradicted: pc.red,
}

const number = (value: number | null) => minus(formatNumber(value))
const lastWidth = 'contradicted'.length

/** What is shown beside a comparison's name: `0.21 [0.15, 0.27] nats, 5 seeds`. */
export function comparisonNumbers({ interval, unit, difference }: ComparisonOutcome): string {
  const known = difference.filter((value) => value !== null)
  if (!interval) return known.length === 0 ? 'no run' : `${number(known[0])}, one seed`
  const { mean, low, high, n } = interval
  return `${number(mean)} [${number(low)}, ${number(high)}]${unit === undefined ? '' : ` ${unit}`}, ${n} seeds`
}

export function comparisonExpectation({ expected, margin = 0 }: ComparisonOutcome): string {
  return expected === 'not below' ? `above −${margin}` : `${expected} 0`
}

/** The difference of each seed, from the first on: `by seed: 0.19, 0.24`. */
export const comparisonSeeds = ({ difference }: ComparisonOutcome): string =>
  `by seed: ${difference.map((value) => (value === null ? '–' : number(value))).join(', ')}`

function claimText(claim: ClaimOutcome, width: number): string[] {
  const verdict = claim.verdict ?? 'not run'
  const head = `${claim.verdict ? colours[claim.verdict](verdict.padEnd(lastWidth)) : verdict.padEnd(lastWidth)}  ${pc.bold(claim.id)}  ${claim.title}`
  const indent = ' '.repeat(lastWidth + 2)
  const lines = claim.comparisons.flatMap((one) => [
    ...wrap(`${indent}${one.label}`, width),
    ...wrap(
      `${indent}  ${one.decides ? one.verdict : `beside: ${one.verdict}`}${one.reason ? ` (${one.reason})` : ''}: ` +
        `${comparisonNumbers(one)}; must be ${comparisonExpectation(one)}`,
      width,
    ),
    ...wrap(`${indent}  ${comparisonSeeds(one)}`, width),
  ])
  const why = claim.unavailable === undefined ? [] : wrap(`${indent}${claim.unavailable}`, width)
  return [head, ...why, ...lines]
}

/** The verdicts with effect sizes, intervals and the values of every seed. */
export function renderReproduction({ claims, runs }: Reproduction, width: number): string {
  const counts = (['holds', 'not shown', 'contradicted'] as const)
    .map((verdict) => `${claims.filter((claim) => claim.verdict === verdict).length} ${verdict}`)
    .join(', ')
  return [
    ...claims.flatMap((claim) => [...claimText(claim, width), '']),
    `${counts}; ${runs.complete} of ${runs.planned} runs complete`,
  ].join('\n')
}
