import { formatCompact, formatCount, formatCounted, formatDuration } from '../report/format.js'
import type { EvalPlan } from '../run/evaluate/plan.js'
import type { EvalProgress } from '../run/evaluate/progress.js'
import { planLines } from './plan-lines.js'
import { engineText } from './plan-text.js'

/** What an evaluation is going to cost, before it begins. */
export function evalPlanText(plan: EvalPlan, out: string | undefined, columns?: number): string {
  const rows: [string, string][] = [
    ...plan.models.map(({ name, given, checkpoint }): [string, string] => [
      'model',
      checkpoint ? `${name}: ${given}, checkpoint of step ${checkpoint.step}, ${checkpoint.chosen}` : given,
    ]),
    ...plan.data.map(({ name, problems, samples, completions, maxNewTokens, tokens, shortened }): [string, string] => [
      'data',
      `${name}: ${formatCounted(problems, 'problem')} x ${formatCounted(samples, 'sample')} of at most ${formatCount(maxNewTokens)} tokens = ` +
        `${formatCounted(completions, 'completion')}, up to ${formatCompact(tokens)} tokens` +
        `${shortened > 0 ? ` (less for ${shortened} of them, as the model's positions end)` : ''}`,
    ]),
    [
      'in all',
      `${formatCounted(plan.completions, 'completion')}, up to ${formatCompact(plan.tokens)} tokens` +
        `${plan.completionsDone > 0 ? `; already there: ${formatCounted(plan.completionsDone, 'completion')}` : ''}`,
    ],
    ['engine', engineText(plan.engine)],
    ...(plan.warnings ?? []).map((warning): [string, string] => ['warning:', warning]),
    ...(out === undefined ? [] : [['out', out] as [string, string]]),
  ]
  return planLines(rows, columns)
}

/** One line: where it stands and how long it will still take. */
export function evalProgressLine(progress: EvalProgress): string {
  const { model, data, problems, problemsTotal, completions, completionsTotal, tokensPerSecond, secondsLeft } = progress
  const rate = tokensPerSecond === undefined ? '' : `, ${formatCompact(tokensPerSecond)} tokens/s`
  const left = secondsLeft === undefined ? '' : `, ${formatDuration(secondsLeft)} left`
  return (
    `${model} on ${data}: ${problems}/${problemsTotal} problems; ` +
    `${formatCount(completions)}/${formatCount(completionsTotal)} completions${rate}${left}`
  )
}
