/**
 * The memory that a run will need, from its model's shape and its recipe alone. Sampling and updating take turns and
 * give back what they took (torch/memory.ts), so the peak is what always stays plus the larger of the two.
 */
import { availableMemory } from 'node:process'
import type { Recipe } from '../config/index.js'
import { loraSettings } from '../config/recipe-lora.js'
import { targetModules } from '../model/adapter-layout.js'
import type { DecoderConfig } from '../model/types.js'

/** Bytes; estimates. */
export interface MemoryEstimate {
  /** Node, LibTorch's code and the tokenizer. */
  process: number
  weights: number
  gradients: number
  /** AdamW's two moments. */
  optimizer: number
  /** The LoRA adapter's factors. */
  adapter: number
  /** The frozen reference, where a KL term needs it. */
  reference: number
  /** PPO's critic: its own trunk with gradients and moments, or a frozen one where no reference is there to share. */
  critic: number
  /** While sampling: the linear layers once more, in the layout that decoding is fast in. */
  packed: number
  /** While sampling: keys and values of the rows sampled at once, and of the prompts. */
  cache: number
  /** While updating: what the backward pass of one micro-batch needs. */
  activations: number
  /** Logits of the rows that pass the head at once. */
  head: number
  /** Kernels' scratch memory and what the allocator cannot use. */
  workspace: number
  /** The larger of the two phases, with all that stays. */
  total: number
  /** Free on this machine now. */
  available: number
  /** The largest train.tokenBudget whose update fits into what is free; absent where not even the smallest does. */
  largestTokenBudget?: number
}

export const bytesOf = { float32: 4, bfloat16: 2, float16: 2 }
/** Resident before a model is loaded, measured on Linux (Node 20, LibTorch 2.15 for the CPU). */
const processBytes = 250 * 2 ** 20
/** What kernels take for a moment and the allocator keeps between blocks, on the CPU: measured on SmolLM2. */
const workspaceBytes = 256 * 2 ** 20
/** Rows that pass the policy head at once while updating (train/local/policy-head.ts). */
const headRows = 256
/** Decoding steps and model size from which on weights are packed (model/packed-weights.ts). */
const packing = { steps: 16, bytes: 64 * 2 ** 20 }

/**
 * What a backward pass over `tokenBudget` rows keeps, per token and layer: two norms' inputs and outputs and two sums,
 * queries and attention's output, keys and values, and the MLP's gate, up, product and activation. With activation
 * checkpointing: that of one layer, and every layer's input.
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

/** Numbers in the adapter's factors: rank x (inputs + outputs) per adapted layer. */
export function adapterSize(recipe: Parameters<typeof loraSettings>[0], config: DecoderConfig): number {
  const create = loraSettings(recipe)?.create
  // A given adapter's rank is its own; what it takes is small either way.
  const { rank, targets } = create ?? { rank: 16, targets: 'all-linear' as const }
  return targetModules(config, targets).reduce((total, module) => total + rank * (module.in + module.out), 0)
}

/** `promptTokens`: of one prompt, as long as they are expected. */
export function estimateMemory(
  recipe: Recipe,
  { parameters, config }: { parameters: number; config: DecoderConfig },
  promptTokens: number,
  available: number = availableMemory(),
): MemoryEstimate {
  const size = bytesOf[recipe.dtype]
  const { promptsPerStep, samplesPerPrompt, batchSize, maxNewTokens } = recipe.rollout
  const { vocabSize, hiddenSize, layers, kvHeads, headDim } = config
  const completions = promptsPerStep * samplesPerPrompt
  const rows = Math.min(batchSize, completions)
  const weights = parameters * size
  const factors = recipe.lora ? 4 * adapterSize(recipe, config) : 0
  const trained = recipe.lora ? factors : weights
  const needsReference = recipe.algorithm.klCoef > 0
  // The base of an adapter is the reference, on the same weights.
  const reference = needsReference && !recipe.lora ? weights : 0
  const critic =
    recipe.critic?.trunk === 'own' ? 4 * weights : recipe.critic && !needsReference && !recipe.lora ? weights : 0
  const linear = weights - (config.tieWordEmbeddings ? 0 : vocabSize * hiddenSize * size)
  const packs =
    !recipe.lora && recipe.device === 'cpu' && size === 4 && maxNewTokens >= packing.steps && linear >= packing.bytes
  const tokensOfStep = Math.ceil(
    (promptsPerStep * promptTokens + completions * maxNewTokens) / recipe.train.updatesPerBatch,
  )
  const { activationCheckpointing } = recipe.train
  const activationsOf = (tokenBudget: number) => activationBytes({ tokenBudget, activationCheckpointing }, config, size)
  const parts = {
    process: processBytes,
    weights,
    gradients: trained,
    optimizer: 2 * trained,
    adapter: factors,
    reference,
    critic,
    packed: packs ? linear : 0,
    cache:
      (rows * (promptTokens + maxNewTokens) + Math.min(rows, promptsPerStep) * promptTokens) *
      layers *
      2 *
      kvHeads *
      headDim *
      size,
    activations: activationsOf(Math.min(recipe.train.tokenBudget, tokensOfStep)),
    head: Math.max(rows * 3, headRows * 1.25) * vocabSize * 4,
    workspace: workspaceBytes,
  }
  const stays = parts.process + parts.workspace + weights + parts.optimizer + factors + reference + critic
  const total = stays + Math.max(parts.packed + parts.cache, parts.gradients + parts.activations) + parts.head
  const room = available - stays - parts.gradients - parts.head
  const largest = Math.floor(room / activationsOf(1))
  return { ...parts, total, available, ...(largest > 0 ? { largestTokenBudget: largest } : {}) }
}
