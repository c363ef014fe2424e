import { formatCompact, formatCount, formatCounted, formatDuration } from '../report/format.js'
import type { FilterOutcome, FilterPlan, FilterProgress } from '../run/filter/filter.js'
import { planLines } from './plan-lines.js'
import { engineText } from './plan-text.js'

/** What a filter is going to cost, before it begins. */
export function filterPlanText(plan: FilterPlan, columns?: number): string {
  const { problems, measured, samples, completions, maxNewTokens, tokens } = plan
  const there = measured > 0 ? `, ${formatCount(measured)} of them measured already` : ''
  return planLines(
    [
      ['data', `${formatCounted(problems, 'problem')}${there}`],
      [
        'cost',
        `${formatCounted(completions, 'completion')} (${samples} a problem) of at most ${formatCount(maxNewTokens)} tokens: ` +
          `up to ${formatCompact(tokens)} tokens`,
      ],
      ['engine', engineText(plan.engine)],
      ...(plan.warnings ?? []).map((warning): [string, string] => ['warning:', warning]),
    ],
    columns,
  )
}

/** One line: where it stands, what it will still take. */
export function filterProgressLine(progress: FilterProgress): string {
  const { problems, problemsTotal, kept, tokens, seconds, expectedTokens, secondsLeft } = progress
  const rate = seconds > 0 && tokens > 0 ? `, ${formatCompact(tokens / seconds)} tokens/s` : ''
  const left =
    expectedTokens === undefined || secondsLeft === undefined
      ? ''
      : `, about ${formatCompact(expectedTokens)} tokens and ${formatDuration(secondsLeft)} left`
  return `${formatCount(problems)}/${formatCount(problemsTotal)} problems, ${formatCount(kept)} kept${rate}${left}`
}

const bar = (share: number) => '#'.repeat(Math.round(40 * share))

function nothingKept(truncatedFraction: number): string {
  const cut = truncatedFraction > 0.5 ? ', and more --max-new-tokens, to another --out, cuts fewer answers' : ''
  return `warning:   nothing is left to train on; the same command with a wider --keep samples nothing again${cut}\n`
}

/** The outcome, with a histogram of problems by samples solved. */
export function filterText({
  directory,
  keep,
  counts,
  histogram,
  passRateMean,
  tokens,
  truncatedFraction,
}: FilterOutcome): string {
  const samples = histogram.length - 1
  const most = Math.max(...histogram)
  const width = String(samples).length
  const rows = histogram.map((count, solved) =>
    `  ${String(solved).padStart(width)}/${samples} ${formatCount(count).padStart(6)} ${bar(count / most)}`.trimEnd(),
  )
  return (
    `\nproblems by samples solved\n${rows.join('\n')}\n\n` +
    `kept       ${formatCount(counts.kept)} of ${formatCount(counts.measured)} problems with a pass rate in ${keep}; ` +
    `${formatCount(counts.tooHard)} too hard (${formatCount(counts.unsolved)} never solved), ` +
    `${formatCount(counts.tooEasy)} too easy (${formatCount(counts.solved)} always)\n` +
    `pass rate  ${(100 * passRateMean).toFixed(1)} % in the mean; ${(100 * truncatedFraction).toFixed(1)} % of samples cut at the limit\n` +
    `tokens     ${formatCount(tokens)}\n` +
    `out        ${directory}\n` +
    (counts.kept > 0 ? '' : nothingKept(truncatedFraction))
  )
}
