/**
 * The memory that a run will need, from its model's shape and its recipe alone. Sampling and updating take turns and
 * give back what they took (torch/memory.ts), so the peak is what always stays plus the larger of the two.
 */

import { varlenLimit } from '../../model/attention/choice.js'
import { cacheCapacity } from '../../model/cache.js'
import { parameterShapes } from '../../model/layout.js'
import { targetModules } from '../../model/lora/adapter-layout.js'
import { loraSettings } from '../../model/lora/section.js'
import type { DecoderConfig } from '../../model/types.js'
import type { Recipe, Resolved } from '../../recipe/index.js'
import type { SftRecipe } from '../../recipe/sft-recipe.js'
import { parseDevice } from '../../torch/index.js'
import { type FreeMemory, hasOwnMemory } from './free-memory.js'

/** Bytes; estimates. */
export interface MemoryParts {
  /** Node, LibTorch's code and the tokenizer. */
  process: number
  /** Beside an accelerator: the host's copy of a tensor on its way from or to a file. */
  transfer: number
  weights: number
  /** While updating: float32 sums, as far as they exist beside a micro-batch's activations. */
  gradients: number
  /** AdamW's two moments, and the float32 masters of weights in half precision; of the critic's own trunk too. */
  optimizer: number
  /** The LoRA adapter's factors. */
  adapter: number
  /** The frozen reference, where a KL term needs it. */
  reference: number
  /** PPO's critic: its own trunk, or a frozen one where no reference is there to share. */
  critic: number
  /** While sampling: the linear layers once more, in the layout that decoding is fast in. */
  packed: number
  /** While sampling: keys and values of the rows sampled at once, and of the prompts. */
  cache: number
  /** While updating: what the backward pass of one micro-batch needs. */
  activations: number
  /** While updating: the attention's masks of one micro-batch, which grow with the square of the length. */
  masks: number
  /** Logits of the rows that pass the head at once. */
  head: number
  /** Kernels' scratch memory and what the allocator cannot use; the driver's own on an accelerator. */
  workspace: number
}

/** What one device is to hold. */
export interface DeviceMemory {
  /** As the recipe names it; `host` beside an accelerator. */
  device: string
  parts: Partial<MemoryParts>
  /** The larger of the two phases, with all that stays. */
  total: number
  /** Free there now; absent where it cannot be told (no such device on this machine). */
  available?: number
}

export interface MemoryEstimate extends MemoryParts {
  /** Of the policy's device, which is the first of `devices`. */
  total: number
  available?: number
  devices: DeviceMemory[]
  /** The largest train.tokenBudget with which every device has room; absent where none has, or where that is unknown. */
  largestTokenBudget?: number
}

export const bytesOf = { float32: 4, bfloat16: 2, float16: 2 }
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
/** Rows that pass the policy head at once while updating (train/local/policy-head.ts). */
const headRows = 256
/**
 * Logits beside each other for each of those rows: on the processor one, and a few rows' statistics; elsewhere all rows'
 * statistics at once (rollout/statistics.ts), which take e^x, x and two products.
 */
const headCopies = (device: string): number => (device === 'cpu' ? 1.25 : 4)
/**
 * Logits beside each other for each row that is sampled: e^x, x and a product; where a nucleus is sought in the whole
 * vocabulary (rollout/draw.ts), also its order, of numbers and of 64-bit places.
 */
const samplingCopies = ({ device, rollout: { topP, topK } }: Pick<Recipe, 'device' | 'rollout'>): number =>
  hasOwnMemory(device) && topP < 1 && topK === 0 ? 6 : 3
/** Decoding steps and model size from which on weights are packed (model/packed-weights.ts). */
const packing = { steps: 16, bytes: 64 * 2 ** 20 }

/**
 * What a backward pass keeps of one token, per layer: two norms' inputs, normalised inputs and outputs, queries and
 * attention's output, keys and values, and the MLP's gate, up, product and activation; norms of queries and keys keep
 * these before and normalised. With activation checkpointing: that of one layer, and every layer's input. On a CPU a norm
 * keeps its input and what it makes of it in float32.
 */
function activationBytes(
  { device, train }: { device: string; train: { activationCheckpointing: boolean } },
  config: DecoderConfig,
  size: number,
): number {
  const keyValues = config.kvHeads * config.headDim
  const queries = config.heads * config.headDim
  const headNorms = config.qkNorm ? queries + keyValues : 0
  const numbers = 6 * config.hiddenSize + 2 * headNorms + 3 * queries + 2 * keyValues + 4 * config.intermediateSize
  const widened = device === 'cpu' ? 2 * (2 * config.hiddenSize + headNorms) * (4 - size) : 0
  const layer = numbers * size + widened
  return train.activationCheckpointing ? layer + config.layers * config.hiddenSize * size : config.layers * layer
}

/** Numbers in the adapter's factors: rank x (inputs + outputs) per adapted layer. */
export function adapterSize(recipe: Parameters<typeof loraSettings>[0], config: DecoderConfig): number {
  const create = loraSettings(recipe)?.create
  // A given adapter's rank is its own; what it takes is small either way.
  const { rank, targets } = create ?? { rank: 16, targets: 'all-linear' as const }
  return targetModules(config, targets).reduce((total, module) => total + rank * (module.in + module.out), 0)
}

/** Of `count` trained numbers of `size` bytes: two float32 moments, and the masters of halves. */
const stateBytes = (count: number, size: number): number => (size < 4 ? 12 : 8) * count

/** Gradients over the course of an update; bytes. */
interface GradientBytes {
  /** The float32 sums of all that is trained. */
  all: number
  /** The policy head's sum, which is there before the backward pass begins. */
  head: number
  /** What a pass leaves on half-precision weights before it is added to the sums. */
  pass: number
}

/** Of a model's `count` parameters of `size` bytes, or of an adapter's float32 factors. */
function gradientBytes(
  recipe: { lora?: unknown; train: { activationCheckpointing: boolean } },
  { parameters, adapter, size }: { parameters: number; adapter: number; size: number },
  { vocabSize, hiddenSize, tieWordEmbeddings }: DecoderConfig,
): GradientBytes {
  if (recipe.lora) return { all: 4 * adapter, head: 0, pass: 0 }
  const head = vocabSize * hiddenSize
  // The sums of embedding and head are float32 from the start; layer by layer the rest is added at once.
  const left = size < 4 && !recipe.train.activationCheckpointing ? parameters - (tieWordEmbeddings ? 1 : 2) * head : 0
  return { all: 4 * parameters, head: 4 * head, pass: size * left }
}

const phases: Partial<Record<string, 'sampling' | 'updating'>> = {
  packed: 'sampling',
  cache: 'sampling',
  gradients: 'updating',
  activations: 'updating',
  masks: 'updating',
}

/** The phase that a part belongs to; undefined: it stays through both. */
export const phaseOf = (part: keyof MemoryParts): 'sampling' | 'updating' | undefined => phases[part]

/** Parts that lie in the host's memory beside an accelerator. */
const onHost: readonly (keyof MemoryParts)[] = ['process', 'transfer']

/** Where the policy lies, and where the optimizer's state does. */
interface Placement {
  device: string
  optimizerDevice: string
}

const placementOf = ({
  device,
  train,
}: Pick<Recipe, 'device'> & { train: { optimizerDevice?: string } }): Placement => ({
  device,
  optimizerDevice: train.optimizerDevice ?? device,
})

/** Lays the parts on the devices; sampling and updating take turns, and all else stays. */
function devicesOf(parts: MemoryParts, { device, optimizerDevice }: Placement, free: FreeMemory): DeviceMemory[] {
  const names = Object.keys(parts) as (keyof MemoryParts)[]
  const holding = (name: string, held: (keyof MemoryParts)[], available: number | undefined): DeviceMemory => {
    const sum = (phase?: 'sampling' | 'updating') =>
      held.reduce((total, part) => total + (phaseOf(part) === phase ? parts[part] : 0), 0)
    return {
      device: name,
      parts: Object.fromEntries(held.map((part) => [part, parts[part]])),
      total: sum() + Math.max(sum('sampling'), sum('updating')),
      ...(available === undefined ? {} : { available }),
    }
  }
  if (!hasOwnMemory(device)) return [holding(device, names, free.host)]
  const elsewhere = optimizerDevice === device ? [] : (['optimizer'] as const)
  const there = hasOwnMemory(optimizerDevice) ? optimizerDevice : 'host'
  const hostParts = [...onHost, ...(there === 'host' ? elsewhere : [])]
  const apart = [...onHost, ...elsewhere]
  return [
    holding(
      device,
      names.filter((part) => !apart.includes(part)),
      free.accelerator,
    ),
    holding('host', hostParts, free.host),
    // What is free on a second accelerator is not known here.
    ...(there === 'host' || elsewhere.length === 0 ? [] : [holding(there, [...elsewhere], undefined)]),
  ]
}

/** Tokens of the micro-batches to come: each has the budget's at most, but one whole sequence at least. */
interface MicroBatch {
  budget: number
  longestSequence: number
  /** Of all of an update's sequences. */
  update: number
  /** Completions per token: a group's prompt is there once. */
  completions: number
  /** Activations of one token. */
  bytes: number
  /** The keys and values of its prompt that one completion's attention keeps. */
  keyBytes: number
  /** Masks of one completion. */
  maskBytes: number
  /** Activations go as the backward pass goes; with checkpointing one layer's stay to its end. */
  activationCheckpointing: boolean
}

/** What the attention of a prompt's completion takes beside its tokens' own activations. */
function attentionBytes(
  recipe: { device: string; dtype: keyof typeof bytesOf; train: { activationCheckpointing: boolean } },
  config: DecoderConfig,
  prompt: number,
  completion: number,
): Pick<MicroBatch, 'keyBytes' | 'maskBytes'> {
  const { heads, kvHeads, headDim } = config
  const size = bytesOf[recipe.dtype]
  const layers = recipe.train.activationCheckpointing ? 1 : config.layers
  const keyBytes = layers * prompt * 2 * kvHeads * headDim * size
  const needsMasks = varlenLimit(config, parseDevice(recipe.device), recipe.dtype) !== undefined
  // In float32, folded for the query heads that share a key head, and that in the weights' type.
  const folded = (heads / kvHeads) * (size < 4 ? 4 + size : 4)
  return { keyBytes, maskBytes: needsMasks ? completion * (prompt + completion) * (4 + folded) : 0 }
}

/**
 * The gradients to count beside all of a micro-batch's activations. In an update's first pass no gradient but the head's
 * is there when they are complete, and as the others come they go; in later passes the sums are there from the start.
 */
function gradientsBeside(activations: number, only: boolean, { all, head, pass }: GradientBytes): number {
  return only ? Math.max(head, all - activations) : all + Math.max(0, pass - activations)
}

/** What the parts come to on each device, and the token budget that would still fit. */
function estimateOf(
  given: Omit<MemoryParts, 'activations' | 'masks' | 'gradients'>,
  gradients: GradientBytes,
  batch: MicroBatch,
  place: Placement,
  free: FreeMemory,
): MemoryEstimate {
  const tokens = Math.min(Math.max(batch.budget, batch.longestSequence), batch.update)
  const completions = Math.max(1, tokens * batch.completions)
  const masks = Math.ceil(completions * batch.maskBytes)
  const activations = Math.ceil(tokens * batch.bytes + completions * batch.keyBytes)
  const only = tokens === batch.update && !batch.activationCheckpointing
  const parts = { ...given, gradients: gradientsBeside(activations, only, gradients), activations, masks }
  const devices = devicesOf(parts, place, free)
  const [{ total, available }, ...others] = devices
  const bare = { ...parts, gradients: 0, activations: 0, masks: 0 }
  const sampling = devicesOf(bare, place, free)[0]
  const updating = devicesOf({ ...bare, packed: 0, cache: 0 }, place, free)[0]
  const room = available !== undefined && hasRoom(sampling) && others.every(hasRoom) ? available - updating.total : 0
  const largest = largestBudget(room, gradients, batch)
  return {
    ...parts,
    total,
    ...(available === undefined ? {} : { available }),
    devices,
    ...(largest >= Math.max(1, batch.longestSequence) ? { largestTokenBudget: largest } : {}),
  }
}

/** Tokens whose activations fit into `room` beside the gradients: the whole update's at once, or else in several passes. */
function largestBudget(room: number, { all, head, pass }: GradientBytes, batch: MicroBatch): number {
  const perToken = batch.bytes + batch.completions * (batch.keyBytes + batch.maskBytes)
  const tokensIn = (bytes: number) => Math.floor(bytes / perToken)
  const atOnce = tokensIn(room - head)
  if (!batch.activationCheckpointing && room >= all && atOnce >= batch.update) return atOnce
  return room >= all + pass ? tokensIn(room - all) : 0
}

/** Whether what the device is to hold fits into what is free there, as far as that is known. */
export const hasRoom = ({ total, available }: DeviceMemory): boolean => available === undefined || total <= available

/** What does not depend on how a model is trained. */
function overheadOf({ device, optimizerDevice }: Placement, config: DecoderConfig, bytesPerNumber: number) {
  const own = hasOwnMemory(device)
  // A tensor is copied once more on its way to a file; beside AdamW on the host a gradient and the new weight pass by.
  const perNumber = Math.max(2 * bytesPerNumber, optimizerDevice === device ? 0 : 8)
  const largest = Math.max(...[...parameterShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b, 1)))
  const { process, workspace } = overhead[own ? 'accelerator' : 'shared']
  const kept = !own && bytesPerNumber < 4 ? halfWorkspace : 0
  return { process, workspace: workspace + kept, transfer: own ? perNumber * largest : 0 }
}

/** What float32 weights take once more while many tokens are sampled; 0 where that does not pay. */
export function packedBytes(
  { lora, device, rollout }: { lora?: unknown; device: string; rollout: Pick<Recipe['rollout'], 'maxNewTokens'> },
  { parameters, config }: { parameters: number; config: DecoderConfig },
): number {
  const linear = 4 * (parameters - (config.tieWordEmbeddings ? 0 : config.vocabSize * config.hiddenSize))
  const pays = !lora && device === 'cpu' && rollout.maxNewTokens >= packing.steps && linear >= packing.bytes
  return pays ? linear : 0
}

/** `promptTokens`: of one prompt, as long as they are expected. */
export function estimateMemory(
  recipe: Resolved<Recipe>,
  { parameters, config }: { parameters: number; config: DecoderConfig },
  promptTokens: number,
  free: FreeMemory,
): MemoryEstimate {
  const size = bytesOf[recipe.dtype]
  const { promptsPerStep, samplesPerPrompt, batchSize, maxNewTokens } = recipe.rollout
  const { vocabSize, layers, kvHeads, headDim } = config
  const completions = promptsPerStep * samplesPerPrompt
  const rows = Math.min(batchSize, completions)
  const weights = parameters * size
  const adapter = recipe.lora ? adapterSize(recipe, config) : 0
  const trained = recipe.lora ? stateBytes(adapter, 4) : stateBytes(parameters, size)
  const needsReference = recipe.algorithm.klCoef > 0
  // The base of an adapter is the reference, on the same weights.
  const reference = needsReference && !recipe.lora ? weights : 0
  const ownTrunk = recipe.critic?.trunk === 'own' ? stateBytes(parameters, size) : 0
  const frozenTrunk = recipe.critic?.trunk === 'frozen' && !needsReference && !recipe.lora
  // The policy's gradients are gone when the critic's come.
  const critic = recipe.critic?.trunk === 'own' || frozenTrunk ? weights : 0
  const packed = size === 4 ? packedBytes(recipe, { parameters, config }) : 0
  const { activationCheckpointing, tokenBudget } = recipe.train
  const columns = cacheCapacity(promptTokens, maxNewTokens, rows < completions)
  const entries = rows * columns + Math.min(rows, promptsPerStep) * promptTokens
  const parts = {
    ...overheadOf(placementOf(recipe), config, size),
    weights,
    optimizer: trained + ownTrunk,
    adapter: 4 * adapter,
    reference,
    critic,
    packed,
    cache: entries * layers * 2 * kvHeads * headDim * size,
    head: Math.max(rows * samplingCopies(recipe), headRows * headCopies(recipe.device)) * vocabSize * 4,
  }
  const tokens = promptsPerStep * promptTokens + completions * maxNewTokens
  const batch = {
    budget: tokenBudget,
    longestSequence: promptTokens + maxNewTokens,
    update: Math.ceil(tokens / recipe.train.updatesPerBatch),
    completions: completions / tokens,
    bytes: activationBytes(recipe, config, size),
    ...attentionBytes(recipe, config, promptTokens, maxNewTokens),
    activationCheckpointing,
  }
  const gradients = gradientBytes(recipe, { parameters, adapter, size }, config)
  return estimateOf(parts, gradients, batch, placementOf(recipe), free)
}

/** Of supervised training, which samples nothing; `longestExample` in tokens. */
export function estimateSftMemory(
  recipe: Resolved<SftRecipe>,
  { parameters, config }: { parameters: number; config: DecoderConfig },
  longestExample: number,
  free: FreeMemory,
): MemoryEstimate {
  const size = bytesOf[recipe.dtype]
  const weights = parameters * size
  const adapter = recipe.lora ? adapterSize(recipe, config) : 0
  // Moments are of what is trained: float32 factors of an adapter, or all weights.
  const trained = recipe.lora ? stateBytes(adapter, 4) : stateBytes(parameters, size)
  const parts = {
    ...overheadOf(placementOf(recipe), config, size),
    weights,
    optimizer: trained,
    adapter: 4 * adapter,
    reference: 0,
    critic: 0,
    packed: 0,
    cache: 0,
    head: headRows * headCopies(recipe.device) * config.vocabSize * 4,
  }
  const batch = {
    budget: recipe.train.tokenBudget,
    longestSequence: longestExample,
    update: recipe.train.examplesPerStep * longestExample,
    completions: 1 / longestExample,
    bytes: activationBytes(recipe, config, size),
    // Where all of it is learnt but a token.
    ...attentionBytes(recipe, config, 1, longestExample),
    activationCheckpointing: recipe.train.activationCheckpointing,
  }
  const gradients = gradientBytes(recipe, { parameters, adapter, size }, config)
  return estimateOf(parts, gradients, batch, placementOf(recipe), free)
}
