/** What a supervised run is going to do and need, told before it begins. */
import os from 'node:os'
import { UserError } from '../../base/errors.js'
import { largest } from '../../base/extremes.js'
import { unusedVariables } from '../../model/template/variables.js'
import type { Resolved } from '../../recipe/schema.js'
import { type SftRecipe, sftWarnings } from '../../recipe/sft-recipe.js'
import type { SftData } from '../../task/sft-data.js'
import { makeBatch } from '../../train/sft/batch.js'
import { sftExamples, sftSteps } from '../../train/sft/loop.js'
import { shapeOf } from '../train/parts.js'
import { type FreeMemory, freeMemory } from './free-memory.js'
import { estimateSftMemory } from './memory.js'
import { judgeMemory, type MemoryVerdict } from './memory-check.js'
import type { MemoryEstimate } from './micro-batch.js'
import type { ModelShape } from './plan.js'
import { sketchPolicy } from './policy.js'
import type { DtypeChoice } from './resolve-dtype.js'

export interface SftPlan extends MemoryVerdict {
  model: ModelShape
  device: string
  dtype: string
  /** Where the recipe left it open. */
  dtypeChoice?: DtypeChoice
  threads: number
  trainExamples: number
  validationExamples: number
  steps: number
  /** Passes over the training examples. */
  epochs: number
  /** Tokens per example, learnt ones and the longest, from the first `examples` training examples. */
  lengths: { examples: number; mean: number; learnt: number; longest: number; tooLong: number }
  memory: MemoryEstimate
}

/** Examples that are tokenised for the plan. */
const sampled = 200

/** Opens the model's files, not its weights, and tokenises the first examples: what cannot work ends here. */
export async function planSft(
  recipe: Resolved<SftRecipe>,
  data: SftData,
  { free: known, dtypeChoice }: { free?: FreeMemory; dtypeChoice?: DtypeChoice } = {},
): Promise<SftPlan> {
  const model = await sketchPolicy(recipe)
  const { config, tokenizer } = model
  if (!tokenizer) {
    throw new UserError(`${model.path} has no tokenizer`, { hint: "the examples' lengths are counted in its tokens" })
  }
  const unused = unusedVariables(tokenizer, data.train[0].templateVariables)
  const shape = shapeOf(model)
  const free = known ?? (await freeMemory(recipe.device, recipe.threads))
  const steps = sftSteps(recipe, data.train.length)
  const batch = makeBatch(data.train.slice(0, sampled), { config, tokenizer }, recipe.data)
  const { length } = batch.sequences
  if (length === 0) {
    const count = Math.min(sampled, data.train.length)
    throw new UserError(`none of the first ${count} examples has anything to learn within the token limit`, {
      hint: 'raise data.maxTokens, or cut long examples by data.tooLong: truncate',
    })
  }
  const longest = largest(batch.sequences.map(({ prompt, completion }) => prompt.length + completion.length))
  const estimate = (changed: Resolved<SftRecipe>) => estimateSftMemory(changed, shape, longest, free)
  const memory = estimate(recipe)
  const verdict = judgeMemory(recipe, memory, estimate)
  return {
    model: shape,
    device: recipe.device,
    dtype: recipe.dtype,
    dtypeChoice,
    threads: recipe.threads ?? os.availableParallelism(),
    trainExamples: data.train.length,
    validationExamples: recipe.eval ? Math.min(recipe.eval.examples ?? Infinity, data.validation.length) : 0,
    steps,
    epochs: sftExamples(recipe, data.train.length) / data.train.length,
    lengths: {
      examples: Math.min(sampled, data.train.length),
      mean: batch.tokens / length,
      learnt: batch.targets / length,
      longest,
      tooLong: batch.dropped + batch.truncated,
    },
    memory,
    ...verdict,
    warnings: [...(unused === undefined ? [] : [unused]), ...sftWarnings(recipe, steps), ...verdict.warnings],
  }
}
