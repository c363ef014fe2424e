/**
 * The rollouts' tokens under another policy than the one that sampled them: a later checkpoint of the run gives the
 * ratios and the moments that a later update on the same batch would see.
 */
import { Failure, UserError } from '../../base/errors.js'
import type { OpenModel } from '../../model/types.js'
import type { Recipe } from '../../recipe/schema.js'
import { type EngineOptions, openModelThread } from '../../rollout/model-thread.js'
import { promptText, promptTokens } from '../../rollout/prompts.js'
import type { TokenStatistics } from '../../rollout/types.js'
import type { RolloutRow } from '../../run/store/rollout-rows.js'
import { loadTask } from '../../task/registry.js'
import { PromptStream } from '../../task/stream.js'
import { requireFinite, requireSameTokens } from './rescored-tokens.js'
import type { AtlasSource } from './source.js'

export interface RescoreOptions extends EngineOptions {
  /** The policy, as `train` takes a model. */
  model: string
  temperature: number
  /** Load the modules that the run names; it is asked for the prompts where its rollouts have none. */
  trust?: boolean
  onProgress?: (done: number, total: number) => void
}

/** Statistics per step and row. */
export async function rescore(
  { path, recipe, steps }: AtlasSource,
  { model: reference, temperature, trust = false, onProgress, ...engine }: RescoreOptions,
): Promise<TokenStatistics[][]> {
  if (!recipe && !steps.every(({ rows }) => rows.every(({ promptTokens }) => promptTokens))) {
    throw new UserError('the rollout file holds no prompt tokens, and no config.yaml lies beside it', {
      hint: "give the run's directory, or leave out --model",
    })
  }
  const entry = new URL('../../rollout/worker.js', import.meta.url).href
  const { model, thread } = await openModelThread(reference, entry, engine)
  try {
    const scored: TokenStatistics[][] = []
    for (const { step, rows } of steps) {
      requireSameTokens(model, rows)
      onProgress?.(scored.length, steps.length)
      const prompts = await promptsOf(model, { recipe, untrusted: trust ? undefined : path }, step, rows)
      const groups = groupsOf(rows)
      const statistics = await thread.call<TokenStatistics[][]>('score', {
        groups: groups.map((members) => ({
          prompt: prompts[members[0]],
          completions: members.map((i) => rows[i].tokens),
        })),
        temperature,
        tokenBudget: recipe?.train.tokenBudget ?? 8192,
      })
      const byRow: TokenStatistics[] = []
      groups.forEach((members, g) => {
        members.forEach((i, c) => {
          byRow[i] = statistics[g][c]
        })
      })
      requireFinite(step, rows, byRow)
      scored.push(byRow)
    }
    onProgress?.(steps.length, steps.length)
    return scored
  } finally {
    model.tensors.close()
    await thread.close()
  }
}

/** Rows of the same prompt, which is computed once for them. */
function groupsOf(rows: readonly RolloutRow[]): number[][] {
  const groups = new Map<string, number[]>()
  rows.forEach(({ promptId, prompt }, i) => {
    const key = JSON.stringify([promptId, prompt])
    groups.set(key, [...(groups.get(key) ?? []), i])
  })
  return [...groups.values()]
}

/** The file's own ids; of older files the prompts that the run's task gives at that step. */
async function promptsOf(
  model: OpenModel,
  { recipe, untrusted }: { recipe: Recipe | undefined; untrusted?: string },
  step: number,
  rows: readonly RolloutRow[],
): Promise<Int32Array[]> {
  const own = rows.flatMap(({ promptTokens }) => promptTokens ?? [])
  if (own.length === rows.length) return own
  const { promptsPerStep } = recipe!.rollout
  const task = await loadTask(recipe!.task, { untrusted })
  const stream = new PromptStream(task, 'train', recipe!.seed, (step - 1) * promptsPerStep)
  const examples = await stream.next(promptsPerStep)
  return rows.map((row) => {
    const example = examples.find((one) => one.id === row.promptId && promptText(one) === row.prompt)
    if (!example) {
      throw new Failure(`step ${step}: the run's task does not give the prompt ${row.promptId} again`, {
        hint: 'the rollout file holds no prompt tokens; runs of this version write them',
      })
    }
    return promptTokens(model, example).tokens
  })
}
