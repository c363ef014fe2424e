/**
 * The memory that a run will need, from its model's shape and its recipe alone. Sampling and updating take turns and
 * give back what they took (torch/memory.ts), so the peak is what always stays plus the larger of the two.
 */

import { cacheCapacity, cachedNumbers } from '../../model/cache.js'
import { parameterShapes } from '../../model/layout.js'
import { targetModules } from '../../model/lora/adapter-layout.js'
import { loraDefaults, loraSettings } from '../../model/lora/section.js'
import { packingPays } from '../../model/packed-weights.js'
import type { DecoderConfig } from '../../model/types.js'
import type { Recipe, Resolved } from '../../recipe/index.js'
import type { SftRecipe } from '../../recipe/sft-recipe.js'
import { samplingCopies } from '../../rollout/draw.js'
import { dtypes, isHalf, parseDevice } from '../../torch/index.js'
import { stateBytes } from '../../train/local/optimizer.js'
import { headCopies, productRowsAtLeast } from '../../train/local/policy-head.js'
import { type Placement, placementOf } from './devices.js'
import { type FreeMemory, hasOwnMemory } from './free-memory.js'
import { activationBytes, attentionBytes, estimateOf, gradientBytes, type MemoryEstimate } from './micro-batch.js'

const MiB = 2 ** 20
/**
 * On the CPU, measured on Linux (Node 20, LibTorch 2.15): what is resident before a model is loaded, and what kernels take
 * for a moment and the allocator keeps between blocks (SmolLM2). With CUDA assumed, not measured: the host holds CUDA's
 * libraries, the GPU the driver's context, cuBLAS's workspace and the caching allocator's gaps.
 */
const overhead = {
  shared: { process: 250 * MiB, workspace: 256 * MiB },
  accelerator: { process: 2048 * MiB, workspace: 1536 * MiB },
}
/** On the CPU, beside weights in half precision: what oneDNN keeps for the shapes that it has met. Measured with SmolLM2. */
const halfWorkspace = 128 * MiB

/** Numbers in the adapter's factors: rank x (inputs + outputs) per adapted layer. */
export function adapterSize(recipe: Parameters<typeof loraSettings>[0], config: DecoderConfig): number {
  const create = loraSettings(recipe)?.create
  // A given adapter's rank is its own; what it takes is small either way.
  const { rank, targets } = create ?? loraDefaults
  return targetModules(config, targets).reduce((total, module) => total + rank * (module.in + module.out), 0)
}

/** What does not depend on how a model is trained. */
function overheadOf({ device, optimizerDevice }: Placement, config: DecoderConfig, dtype: Resolved<Recipe>['dtype']) {
  const own = hasOwnMemory(device)
  // A tensor is copied once more on its way to a file; beside AdamW on the host a gradient and the new weight pass by.
  const perNumber = Math.max(2 * dtypes[dtype].bytes, optimizerDevice === device ? 0 : 2 * dtypes.float32.bytes)
  const sizes = [...parameterShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b, 1))
  const { process, workspace } = overhead[own ? 'accelerator' : 'shared']
  const kept = !own && isHalf(dtype) ? halfWorkspace : 0
  return { process, workspace: workspace + kept, transfer: own ? perNumber * Math.max(...sizes) : 0 }
}

/** What float32 weights take once more while many tokens are sampled; 0 where that does not pay. */
export function packedBytes(
  { lora, device, rollout }: { lora?: unknown; device: string; rollout: Pick<Recipe['rollout'], 'maxNewTokens'> },
  { parameters, config }: { parameters: number; config: DecoderConfig },
): number {
  const embedding = config.tieWordEmbeddings ? 0 : config.vocabSize * config.hiddenSize
  const bytes = dtypes.float32.bytes * (parameters - embedding)
  return !lora && device === 'cpu' && packingPays(rollout.maxNewTokens, bytes) ? bytes : 0
}

/** Rows of logits that lie beside each other while updating. */
const trainedLogits = ({ device }: { device: string }): number => productRowsAtLeast * headCopies(parseDevice(device))

/** `promptTokens`: of one prompt, as long as they are expected. */
export function estimateMemory(
  recipe: Resolved<Recipe>,
  { parameters, config }: { parameters: number; config: DecoderConfig },
  promptTokens: number,
  free: FreeMemory,
): MemoryEstimate {
  const { dtype } = recipe
  const size = dtypes[dtype].bytes
  const { promptsPerStep, samplesPerPrompt, batchSize, maxNewTokens } = recipe.rollout
  const { vocabSize } = config
  const completions = promptsPerStep * samplesPerPrompt
  const rows = Math.min(batchSize, completions)
  const weights = parameters * size
  const adapter = recipe.lora ? adapterSize(recipe, config) : 0
  const trained = recipe.lora ? stateBytes(adapter, 'float32') : stateBytes(parameters, dtype)
  const needsReference = recipe.algorithm.klCoef > 0
  // The base of an adapter is the reference, on the same weights.
  const reference = needsReference && !recipe.lora ? weights : 0
  const ownTrunk = recipe.critic?.trunk === 'own' ? stateBytes(parameters, dtype) : 0
  const frozenTrunk = recipe.critic?.trunk === 'frozen' && !needsReference && !recipe.lora
  // The policy's gradients are gone when the critic's come.
  const critic = recipe.critic?.trunk === 'own' || frozenTrunk ? weights : 0
  const packed = dtype === 'float32' ? packedBytes(recipe, { parameters, config }) : 0
  const { activationCheckpointing, tokenBudget } = recipe.train
  const columns = cacheCapacity(promptTokens, maxNewTokens, rows < completions)
  const entries = rows * columns + Math.min(rows, promptsPerStep) * promptTokens
  const sampledLogits = rows * samplingCopies(hasOwnMemory(recipe.device), recipe.rollout)
  const parts = {
    ...overheadOf(placementOf(recipe), config, dtype),
    weights,
    optimizer: trained + ownTrunk,
    adapter: 4 * adapter,
    reference,
    critic,
    packed,
    cache: entries * cachedNumbers(config) * size,
    head: Math.max(sampledLogits, trainedLogits(recipe)) * vocabSize * dtypes.float32.bytes,
  }
  const tokens = promptsPerStep * promptTokens + completions * maxNewTokens
  const batch = {
    budget: tokenBudget,
    longestSequence: promptTokens + maxNewTokens,
    update: Math.ceil(tokens / recipe.train.updatesPerBatch),
    completions: completions / tokens,
    bytes: activationBytes(recipe, config),
    ...attentionBytes(recipe, config, promptTokens, maxNewTokens),
    activationCheckpointing,
  }
  const gradients = gradientBytes(recipe, { parameters, adapter }, config)
  return estimateOf(parts, gradients, batch, placementOf(recipe), free)
}

/** Of supervised training, which samples nothing; `longestExample` in tokens. */
export function estimateSftMemory(
  recipe: Resolved<SftRecipe>,
  { parameters, config }: { parameters: number; config: DecoderConfig },
  longestExample: number,
  free: FreeMemory,
): MemoryEstimate {
  const { dtype } = recipe
  const size = dtypes[dtype].bytes
  const weights = parameters * size
  const adapter = recipe.lora ? adapterSize(recipe, config) : 0
  // Moments are of what is trained: float32 factors of an adapter, or all weights.
  const trained = recipe.lora ? stateBytes(adapter, 'float32') : stateBytes(parameters, dtype)
  const parts = {
    ...overheadOf(placementOf(recipe), config, dtype),
    weights,
    optimizer: trained,
    adapter: 4 * adapter,
    reference: 0,
    critic: 0,
    packed: 0,
    cache: 0,
    head: trainedLogits(recipe) * config.vocabSize * dtypes.float32.bytes,
  }
  const batch = {
    budget: recipe.train.tokenBudget,
    longestSequence: longestExample,
    update: recipe.train.examplesPerStep * longestExample,
    completions: 1 / longestExample,
    bytes: activationBytes(recipe, config),
    // Where all of it is learnt but a token.
    ...attentionBytes(recipe, config, 1, longestExample),
    activationCheckpointing: recipe.train.activationCheckpointing,
  }
  const gradients = gradientBytes(recipe, { parameters, adapter }, config)
  return estimateOf(parts, gradients, batch, placementOf(recipe), free)
}
