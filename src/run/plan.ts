/** What a run is going to do and need, told before it begins. */
import os from 'node:os'
import { type Recipe, recipeWarnings } from '../config/index.js'
import type { DecoderConfig, OpenModel } from '../model/types.js'
import { estimateMemory, type MemoryEstimate } from './plan-memory.js'

/** A model as far as its files tell without loading it. */
export interface ModelShape {
  /** What the recipe calls it. */
  reference: string
  path: string
  parameters: number
  config: DecoderConfig
  /** Of one prompt, the mean of the task's first ones. */
  promptTokens?: number
}

export interface Plan {
  model: ModelShape
  device: string
  dtype: string
  threads: number
  steps: number
  completionsPerStep: number
  /** Completion tokens of a step at most. */
  tokensPerStep: number
  updatesPerStep: number
  memory: MemoryEstimate
  warnings: string[]
}

/** Prompt tokens assumed where none was tokenised. */
const assumedPromptTokens = 128

export function shapeOf(model: OpenModel): ModelShape {
  let parameters = 0
  for (const { shape } of model.tensors.tensors.values()) parameters += shape.reduce((a, b) => a * b, 1)
  return { reference: model.reference, path: model.path, parameters, config: model.config }
}

export function makePlan(recipe: Recipe, model: ModelShape): Plan {
  const memory = estimateMemory(recipe, model, model.promptTokens ?? assumedPromptTokens)
  const completionsPerStep = recipe.rollout.promptsPerStep * recipe.rollout.samplesPerPrompt
  const warnings = recipeWarnings(recipe)
  if (recipe.device === 'cpu' && memory.total > memory.available) {
    warnings.push(
      `the estimated memory exceeds what is free on this machine: ${
        memory.largestTokenBudget && memory.largestTokenBudget < recipe.train.tokenBudget
          ? `train.tokenBudget ${memory.largestTokenBudget} is the largest that fits`
          : 'lower rollout.batchSize (keys and values)'
      }${recipe.lora ? '' : ', a lora section needs no gradients and moments of the weights'}, or choose a smaller model`,
    )
  }
  return {
    model,
    device: recipe.device,
    dtype: recipe.dtype,
    threads: recipe.threads ?? os.availableParallelism(),
    steps: recipe.train.steps,
    completionsPerStep,
    tokensPerStep:
      completionsPerStep * recipe.rollout.maxNewTokens * (1 + (recipe.rollout.dynamicSampling?.maxTries ?? 0)),
    updatesPerStep: recipe.train.updatesPerBatch * recipe.train.epochs,
    memory,
    warnings,
  }
}
