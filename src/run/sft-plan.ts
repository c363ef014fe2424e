/** What a supervised run is going to do and need, told before it begins. */
import os from 'node:os'
import { UserError } from '../config/errors.js'
import { type SftRecipe, sftWarnings } from '../config/sft-recipe.js'
import { openModelWithProgress } from '../rollout/model-thread.js'
import type { SftData } from '../task/sft-data.js'
import { makeBatch } from '../train/sft/batch.js'
import { sftExamples, sftSteps } from '../train/sft/loop.js'
import { requireBase } from './parts.js'
import { type ModelShape, shapeOf } from './plan.js'
import { activationBytes, adapterSize, bytesOf } from './plan-memory.js'

export interface SftPlan {
  model: ModelShape
  device: string
  dtype: string
  threads: number
  trainExamples: number
  validationExamples: number
  steps: number
  /** Passes over the training examples. */
  epochs: number
  /** Tokens per example, learnt ones and the longest, from the first `examples` training examples. */
  lengths: { examples: number; mean: number; learnt: number; longest: number; tooLong: number }
  /** Bytes; estimates. */
  memory: {
    weights: number
    gradients: number
    optimizer: number
    activations: number
    total: number
    available: number
  }
  warnings: string[]
}

/** Examples that are tokenised for the plan. */
const sampled = 200

/** Opens the model's files, not its weights, and tokenises the first examples: what cannot work ends here. */
export async function planSft(recipe: SftRecipe, data: SftData): Promise<SftPlan> {
  requireBase(recipe)
  const model = await openModelWithProgress(recipe.model, recipe.lora?.from)
  try {
    const shape = shapeOf(model)
    const steps = sftSteps(recipe, data.train.length)
    const batch = makeBatch(data.train.slice(0, sampled), model, recipe.data)
    const { length } = batch.sequences
    if (length === 0) {
      const count = Math.min(sampled, data.train.length)
      throw new UserError(`none of the first ${count} examples has anything to learn within the token limit`, {
        hint: 'raise data.maxTokens, or cut long examples by data.tooLong: truncate',
      })
    }
    const weights = shape.parameters * bytesOf[recipe.dtype]
    // Gradients and moments are of what is trained: float32 factors of an adapter, or all weights.
    const trained = recipe.lora ? 4 * adapterSize(recipe, shape.config) : weights
    const parts = {
      weights,
      gradients: trained,
      optimizer: 2 * trained,
      activations: activationBytes(recipe.train, shape.config, bytesOf[recipe.dtype]),
    }
    const total = Object.values(parts).reduce((a, b) => a + b, 0)
    const available = os.totalmem()
    return {
      model: shape,
      device: recipe.device,
      dtype: recipe.dtype,
      threads: recipe.threads ?? os.availableParallelism(),
      trainExamples: data.train.length,
      validationExamples: recipe.eval ? Math.min(recipe.eval.examples ?? Infinity, data.validation.length) : 0,
      steps,
      epochs: sftExamples(recipe, data.train.length) / data.train.length,
      lengths: {
        examples: Math.min(sampled, data.train.length),
        mean: batch.tokens / length,
        learnt: batch.targets / length,
        longest: Math.max(...batch.sequences.map(({ prompt, completion }) => prompt.length + completion.length)),
        tooLong: batch.dropped + batch.truncated,
      },
      memory: { ...parts, total, available },
      warnings: [
        ...sftWarnings(recipe, steps),
        ...(recipe.device === 'cpu' && total > available
          ? [
              'the estimated memory exceeds that of this machine: lower train.tokenBudget (activations), or choose a ' +
                'smaller model',
            ]
          : []),
      ],
    }
  } finally {
    model.tensors.close()
  }
}
