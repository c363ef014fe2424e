/** From measurements to a verdict, by the rule that was fixed beforehand. */
import { type PairedInterval, pairedInterval } from '../../evaluate/paired-t.js'
import {
  type Claim,
  type Comparison,
  type ComparisonOutcome,
  type RunTable,
  seedsNeeded,
  type Term,
  type Verdict,
} from './types.js'

/** Where the interval must lie: entirely on the stated side of `bound`. */
const boundOf = ({ expected, margin = 0 }: Comparison) => (expected === 'not below' ? -margin : 0)

/** `holds` where the interval lies on the stated side, `contradicted` where it lies on the other. */
export function judge(comparison: Comparison, { low, high }: PairedInterval): Verdict {
  const bound = boundOf(comparison)
  const [above, below] = [low > bound, high < bound]
  if (comparison.expected === 'below') return below ? 'holds' : above ? 'contradicted' : 'not shown'
  return above ? 'holds' : below ? 'contradicted' : 'not shown'
}

/** The rule of one comparison in words. */
export function comparisonRule(comparison: Comparison): string {
  const { expected, margin = 0 } = comparison
  return expected === 'not below' ? `above -${margin}` : expected === 'above' ? 'above 0' : 'below 0'
}

export function comparisonLabel({ of, against }: Comparison, labels: (variant: string) => string): string {
  const own = `${of.measure.name}, ${labels(of.variant)}`
  if (against === undefined) return own
  if (against.measure === of.measure) return `${own} less ${labels(against.variant)}`
  if (against.variant === of.variant) return `${of.measure.name} less ${against.measure.name}, ${labels(of.variant)}`
  return `${own} less ${against.measure.name}, ${labels(against.variant)}`
}

/** The deciding comparisons of a claim with their rules, as they are printed before the runs. */
export function criteria(claim: Claim, labels: (variant: string) => string): string[] {
  return claim.comparisons
    .filter(({ decides }) => decides !== false)
    .map((one) => `${comparisonLabel(one, labels)}: ${comparisonRule(one)}`)
}

export function compare(
  comparison: Comparison,
  runs: RunTable,
  seeds: number,
  labels: (variant: string) => string,
): ComparisonOutcome {
  const values = ({ variant, measure }: Term) =>
    Array.from({ length: seeds }, (_, seed) => {
      const run = runs.get(variant)?.[seed]
      const value = run && measure.of(run)
      return value !== undefined && Number.isFinite(value) ? value : null
    })
  const of = values(comparison.of)
  const against = comparison.against && values(comparison.against)
  const difference = of.map((value, seed) => {
    const other = against === undefined ? 0 : against[seed]
    return value === null || other === null ? null : value - other
  })
  const pairs = difference.filter((value) => value !== null)
  const interval = pairs.length < 2 ? undefined : pairedInterval(pairs)
  const enough = pairs.length >= seedsNeeded && interval !== undefined
  return {
    label: comparisonLabel(comparison, labels),
    unit: comparison.of.measure.unit,
    expected: comparison.expected,
    margin: comparison.margin,
    decides: comparison.decides !== false,
    verdict: enough ? judge(comparison, interval) : 'not shown',
    ...(enough ? {} : { reason: `needs ${seedsNeeded} seeds, has ${pairs.length}` }),
    of,
    against,
    difference,
    interval,
  }
}

/** All deciding comparisons hold; or one of them is contradicted; else nothing is shown. */
export function claimVerdict(outcomes: readonly ComparisonOutcome[]): Verdict {
  const deciding = outcomes.filter(({ decides }) => decides)
  if (deciding.some(({ verdict }) => verdict === 'contradicted')) return 'contradicted'
  return deciding.length > 0 && deciding.every(({ verdict }) => verdict === 'holds') ? 'holds' : 'not shown'
}
