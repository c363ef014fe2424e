/** What a supervised run tells before it begins and when it has ended. */
import type { SftRecipe } from '../recipe/sft-recipe.js'
import { formatCount, formatCounted, formatNumber } from '../report/format.js'
import type { SftPlan } from '../run/plan/sft.js'
import { edgesText } from '../run/train/edge-steps.js'
import type { SftSummary } from '../run/train/sft.js'
import { planLines } from './plan-lines.js'
import { adapterRows, engineText, memoryRows, modelText } from './plan-text.js'

export function sftPlanText(recipe: SftRecipe, plan: SftPlan, place: string, columns?: number): string {
  const { train, data, checkpoint } = recipe
  const { lengths } = plan
  const source = data.task === undefined ? data.path! : `task ${data.task.name}`
  const rows: [string, string][] = [
    ['model', modelText(plan.model)],
    ...adapterRows(recipe, plan.model.config),
    [
      'data',
      `${source}: ${formatCounted(plan.trainExamples, 'example')}` +
        `${plan.validationExamples > 0 ? `, ${formatCount(plan.validationExamples)} for validation` : ''}`,
    ],
    [
      'lengths',
      `${lengths.mean.toFixed(0)} tokens on average, ${lengths.learnt.toFixed(0)} of them learned, ${lengths.longest} at ` +
        `most (first ${lengths.examples})${lengths.tooLong > 0 ? `; ${lengths.tooLong} too long or empty` : ''}`,
    ],
    ['engine', engineText(plan)],
    [
      'step',
      `${formatCounted(train.examplesPerStep, 'example')}, about ${formatCount(Math.round(train.examplesPerStep * lengths.mean))} tokens, ` +
        'one optimizer update',
    ],
    [
      'optimizer',
      `AdamW, lr ${formatNumber(train.lr)} ${train.schedule}` +
        `${train.warmupSteps > 0 ? ` after ${train.warmupSteps} steps of warm-up` : ''}`,
    ],
    [
      'length',
      `${formatCounted(plan.steps, 'step')} (${formatNumber(plan.epochs)} epochs), a checkpoint every ${checkpoint.every} ` +
        `(kept: the last ${checkpoint.keep}${recipe.eval ? ' and the best' : ''})` +
        `${recipe.eval ? `, validation every ${recipe.eval.every}` : ''}`,
    ],
    ...memoryRows(plan.memory),
    ['run', place],
  ]
  return planLines([...rows, ...plan.warnings.map((warning) => ['warning:', warning] as const)], columns)
}

export function sftSummaryText(summary: SftSummary): string {
  const number = (value: number | null | undefined) => (value == null ? '-' : value.toFixed(3))
  const { eval_first: first, eval_last: last } = summary
  const lines = [
    `steps       ${summary.step} of ${summary.steps}`,
    `loss        ${number(summary.loss_first)} -> ${number(summary.loss_last)} nats (${edgesText(summary.edge_steps)})`,
    `entropy     ${number(summary.entropy_first)} -> ${number(summary.entropy_last)} nats at the learned tokens`,
    `tokens      ${summary.tokens} (${summary.target_tokens} learned) in ${summary.seconds.toFixed(1)} s`,
    ...(first && last
      ? [
          `validation  loss ${number(first.eval_loss)} -> ${number(last.eval_loss)}, perplexity ` +
            `${first.perplexity.toFixed(2)} -> ${last.perplexity.toFixed(2)}, accuracy ` +
            `${number(first.token_accuracy)} -> ${number(last.token_accuracy)}`,
        ]
      : []),
    ...(summary.best
      ? [`best        ${summary.best.checkpoint} (${summary.best.metric} ${number(summary.best.value)})`]
      : []),
    ...(summary.checkpoint ? [`last        ${summary.checkpoint}`] : []),
  ]
  return `${lines.join('\n')}\n`
}
