/** One optimizer step of the critic on a minibatch, and what the critic's steps on a batch mean for the metrics. */

import type { Backend } from '../backend.js'
import type { TrainItem } from '../batch.js'
import { combineUpdates } from '../metrics/combine.js'
import type { LoopOptions } from '../options.js'
import { PromptGroups } from '../prompt-groups.js'
import { learningRate } from '../schedule.js'
import type { Credit } from './credit.js'
import type { CriticUpdateResult } from './critic.js'
import { criticLr } from './section.js'

export interface CriticReport extends Omit<CriticUpdateResult, 'nonFinite'> {
  lr: number
  seconds: number
  /** Where a value or return is not finite: the prompts' numbers in the step, samples and token positions. */
  nonFinite?: { group: number; completion: number; position: number }[]
}

/** The critic learns of every policy token of the items `indices`. Returns undefined where there is none. */
export async function updateCritic(
  { critic }: Backend,
  recipe: LoopOptions,
  batch: { items: readonly TrainItem[]; indices: readonly number[]; credit: Credit },
  { step, interruptible }: { step: number; interruptible: boolean },
): Promise<CriticReport | undefined> {
  const { items, credit } = batch
  const counted = batch.indices.filter((i) => items[i].counts && items[i].completion.tokens.length > 0)
  if (counted.length === 0) return undefined
  const began = performance.now()
  const groups = new PromptGroups(counted.map((i) => items[i]))
  const section = recipe.critic!
  const { train } = recipe
  const lr = learningRate({ ...train, lr: criticLr(section) }, step)
  const result = await critic!.update(
    groups.map(({ completion }, n) => ({
      tokens: completion.tokens,
      oldValue: credit.values[counted[n]]!,
      target: credit.returns[counted[n]]!,
    })),
    {
      lr,
      weightDecay: train.weightDecay,
      betas: train.betas,
      eps: train.eps,
      gradClip: section.gradClip,
      valueClip: section.valueClip,
      tokenBudget: train.tokenBudget,
      interruptible,
    },
  )
  const nonFinite = result.nonFinite?.map(({ group, completion, position }) => {
    const item = groups.item(group, completion)
    return { group: item.group, completion: item.completion.sample, position }
  })
  return { ...result, nonFinite, lr, seconds: (performance.now() - began) / 1000 }
}

/** Whether a step belongs to the critic alone. */
export const isCriticWarmup = ({ critic }: LoopOptions, step: number): boolean =>
  critic !== undefined && step <= critic.warmupSteps

/** The batch's own quantities, and those of its critic steps. What does not apply is absent. */
export function creditMetrics({ metrics, seconds }: Credit, reports: readonly CriticReport[]): Record<string, number> {
  const { critic_seconds: updating, ...updates } = combineUpdates(
    reports.map(({ applied, tokens, loss, clipped, gradNorm, lr, seconds: critic_seconds }) => ({
      tokens,
      values: {
        ...(applied
          ? { value_loss: loss, value_clip_fraction: clipped / tokens, critic_grad_norm: gradNorm, critic_lr: lr }
          : {}),
        critic_seconds,
      },
    })),
  )
  const all: Record<string, number> = { ...metrics, ...updates, critic_seconds: seconds + (updating ?? 0) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Number.isFinite(value)))
}
