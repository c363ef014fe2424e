/** What a run is going to do and need, told before it begins. */
import os from 'node:os'
import { type Recipe, recipeWarnings } from '../config/index.js'
import type { DecoderConfig, OpenModel } from '../model/types.js'

/** A model as far as its files tell without loading it. */
export interface ModelShape {
  /** What the recipe calls it. */
  reference: string
  path: string
  parameters: number
  config: DecoderConfig
}

/** Bytes; estimates. */
export interface MemoryEstimate {
  weights: number
  gradients: number
  /** AdamW's two moments. */
  optimizer: number
  /** The frozen reference, where a KL term needs it. */
  reference: number
  /** PPO's critic: its own trunk with gradients and moments, or a frozen one where no reference is there to share. */
  critic: number
  /** Keys and values of the rows sampled at once. */
  cache: number
  /** What the backward pass of one micro-batch needs. */
  activations: number
  total: number
  /** Of this machine. */
  available: number
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

export const bytesOf = { float32: 4, bfloat16: 2, float16: 2 }
/** Prompt tokens assumed where none was tokenised yet. */
const assumedPromptTokens = 128

export function shapeOf(model: OpenModel): ModelShape {
  let parameters = 0
  for (const { shape } of model.tensors.tensors.values()) parameters += shape.reduce((a, b) => a * b, 1)
  return { reference: model.reference, path: model.path, parameters, config: model.config }
}

/**
 * What a backward pass over `tokens` rows keeps, per token and layer: two norms' inputs and outputs and two sums, queries
 * and attention's output, keys and values, and the MLP's gate, up, product and activation. With activation checkpointing:
 * that of one layer, and every layer's input.
 */
export function activationBytes(
  { tokenBudget, activationCheckpointing }: { tokenBudget: number; activationCheckpointing: boolean },
  config: DecoderConfig,
  bytesPerNumber: number,
): number {
  const keyValues = config.kvHeads * config.headDim
  const queries = config.heads * config.headDim
  const perToken = 6 * config.hiddenSize + 3 * queries + 2 * keyValues + 4 * config.intermediateSize
  const perLayers = activationCheckpointing ? perToken + config.layers * config.hiddenSize : config.layers * perToken
  return tokenBudget * perLayers * bytesPerNumber
}

function estimateMemory(recipe: Recipe, { parameters, config }: ModelShape): MemoryEstimate {
  const size = bytesOf[recipe.dtype]
  const { promptsPerStep, samplesPerPrompt, batchSize, maxNewTokens } = recipe.rollout
  const rows = Math.min(batchSize, promptsPerStep * samplesPerPrompt)
  const keyValues = config.kvHeads * config.headDim
  const weights = parameters * size
  const parts = {
    weights,
    gradients: weights,
    optimizer: 2 * weights,
    reference: recipe.algorithm.klCoef > 0 ? weights : 0,
    critic: recipe.critic?.trunk === 'own' ? 4 * weights : recipe.critic && recipe.algorithm.klCoef === 0 ? weights : 0,
    cache: rows * (assumedPromptTokens + maxNewTokens) * config.layers * 2 * keyValues * size,
    activations: activationBytes(recipe.train, config, size),
  }
  const total = Object.values(parts).reduce((a, b) => a + b, 0)
  return { ...parts, total, available: os.totalmem() }
}

export function makePlan(recipe: Recipe, model: ModelShape): Plan {
  const memory = estimateMemory(recipe, model)
  const completionsPerStep = recipe.rollout.promptsPerStep * recipe.rollout.samplesPerPrompt
  const warnings = recipeWarnings(recipe)
  if (recipe.device === 'cpu' && memory.total > memory.available) {
    warnings.push(
      'the estimated memory exceeds that of this machine: lower train.tokenBudget (activations) or rollout.batchSize ' +
        '(keys and values), or choose a smaller model',
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
