/** From a batch of graded completions to what is trained on: advantages, truncation masks, reference log-probabilities. */
import { baselineOf } from '../entropy/methods/apply.js'
import type { Correction } from '../rollout/sampler-kind.js'
import { groupAdvantages } from './advantages.js'
import type { Backend } from './backend.js'
import type { TrainItem } from './batch.js'
import type { StepBatch } from './dynamic-sampling.js'
import { methodSettings } from './entropy-control.js'
import type { LoopOptions } from './options.js'
import { PromptGroups } from './prompt-groups.js'

export interface ItemsOfStep {
  /** One per completion, in their order. */
  items: TrainItem[]
  /** A of every completion; absent under a critic, whose advantages come later and token by token (0 in the items). */
  advantages?: number[]
}

export async function trainItems(
  { recipe, backend }: { recipe: LoopOptions; backend: Backend },
  { prompts, graded }: Pick<StepBatch, 'prompts' | 'graded'>,
  correction?: Correction,
): Promise<ItemsOfStep> {
  const { klCoef, maskTruncated, advantage } = recipe.algorithm
  const bare = graded.map(
    ({ completion }): TrainItem => ({
      group: completion.prompt,
      prompt: prompts[completion.prompt].tokens,
      completion,
      advantage: new Float32Array(completion.tokens.length),
      counts: !(maskTruncated && completion.finish === 'length'),
    }),
  )
  const groups = new PromptGroups(bare)
  const rewards = groups.members.map((members) => members.map((i) => graded[i].reward))
  const baseline = baselineOf(methodSettings(recipe))
  const advantages = recipe.critic ? undefined : groups.inItemOrder(groupAdvantages(rewards, advantage, baseline))
  const reference = klCoef > 0 ? groups.inItemOrder(await scoreReference(recipe, backend, groups)) : undefined
  const items = bare.map((item, i) => ({
    ...item,
    advantage: item.advantage.fill(advantages?.[i] ?? 0),
    importance: correction?.weights[i],
    referenceLogprob: reference?.[i].logprob,
  }))
  return { items, advantages }
}

const scoreReference = ({ rollout, train }: LoopOptions, backend: Backend, groups: PromptGroups) =>
  backend.score(
    groups.map(({ completion }) => completion.tokens),
    { temperature: rollout.temperature, tokenBudget: train.tokenBudget, model: 'reference' },
  )
