/** What a run is going to do and need, told before it begins. */
import os from 'node:os'
import type { DecoderConfig } from '../../model/types.js'
import { type Recipe, type Resolved, recipeWarnings } from '../../recipe/index.js'
import { backendCapabilities } from '../../train/backends.js'
import type { FreeMemory } from './free-memory.js'
import { estimateMemory } from './memory.js'
import { judgeMemory, type MemoryVerdict } from './memory-check.js'
import type { MemoryEstimate } from './micro-batch.js'
import type { DtypeChoice } from './resolve-dtype.js'

/** A model as far as its files tell without loading it. */
export interface ModelShape {
  /** What the recipe calls it. */
  reference: string
  path: string
  parameters: number
  config: DecoderConfig
  /** Of one prompt, the mean of the task's first ones; absent where the task or the tokenizer is not to be had. */
  promptTokens?: number
  /** False: the plan is made from the configuration, the weights are to be fetched. */
  weightsHere: boolean
  /** Further warnings of the plan. */
  warnings?: string[]
  /** What the plan had to do without. */
  missing?: string[]
}

export interface Plan extends MemoryVerdict {
  model: ModelShape
  device: string
  dtype: string
  /** Where the recipe left it open. */
  dtypeChoice?: DtypeChoice
  threads: number
  steps: number
  completionsPerStep: number
  /** Completion tokens of a step at most. */
  tokensPerStep: number
  updatesPerStep: number
  /** Absent where the backend computes elsewhere. */
  memory?: MemoryEstimate
}

/** Prompt tokens assumed where none was tokenised. */
const assumedPromptTokens = 128

export function makePlan(
  recipe: Resolved<Recipe>,
  model: ModelShape,
  free: FreeMemory,
  dtypeChoice?: DtypeChoice,
): Plan {
  const promptTokens = model.promptTokens ?? assumedPromptTokens
  const estimate = (changed: Resolved<Recipe>) => estimateMemory(changed, model, promptTokens, free)
  const memory = backendCapabilities(recipe.backend).here ? estimate(recipe) : undefined
  const { warnings, refusal } = memory ? judgeMemory(recipe, memory, estimate) : { warnings: [] }
  const completionsPerStep = recipe.rollout.promptsPerStep * recipe.rollout.samplesPerPrompt
  return {
    model,
    device: recipe.device,
    dtype: recipe.dtype,
    dtypeChoice,
    threads: recipe.threads ?? os.availableParallelism(),
    steps: recipe.train.steps,
    completionsPerStep,
    tokensPerStep:
      completionsPerStep * recipe.rollout.maxNewTokens * (1 + (recipe.rollout.dynamicSampling?.maxTries ?? 0)),
    updatesPerStep: recipe.train.updatesPerBatch * recipe.train.epochs,
    memory,
    warnings: [...missingWarnings(model), ...(model.warnings ?? []), ...recipeWarnings(recipe), ...warnings],
    refusal,
  }
}

const missingWarnings = ({ missing = [], promptTokens }: ModelShape): string[] =>
  promptTokens === undefined && missing.length > 0
    ? [`${missing.join('; ')}: the plan assumes prompts of ${assumedPromptTokens} tokens`]
    : []
