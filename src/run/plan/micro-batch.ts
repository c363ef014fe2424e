/** What one micro-batch of an update takes, and the largest token budget that fits. */
import { varlenLimit } from '../../model/attention/choice.js'
import { maskBytes } from '../../model/attention/padded.js'
import { cachedNumbers } from '../../model/cache.js'
import { attentionWidths } from '../../model/layout.js'
import type { DecoderConfig } from '../../model/types.js'
import { type Dtype, dtypes, isHalf, parseDevice } from '../../torch/index.js'
import { type DeviceMemory, devicesOf, hasRoom, type MemoryParts, type Placement } from './devices.js'
import type { FreeMemory } from './free-memory.js'

export interface MemoryEstimate extends MemoryParts {
  /** Of the policy's device, which is the first of `devices`. */
  total: number
  available?: number
  devices: DeviceMemory[]
  /** The largest train.tokenBudget with which every device has room; absent where none has, or where that is unknown. */
  largestTokenBudget?: number
}

/** Gradients over the course of an update; bytes. */
interface GradientBytes {
  /** The float32 sums of all that is trained. */
  all: number
  /** The policy head's sum, which is there before the backward pass begins. */
  head: number
  /** What a pass leaves on half-precision weights before it is added to the sums. */
  pass: number
}

/** Of a model's parameters, or of an adapter's float32 factors. */
export function gradientBytes(
  recipe: { dtype: Dtype; lora?: unknown; train: { activationCheckpointing: boolean } },
  { parameters, adapter }: { parameters: number; adapter: number },
  { vocabSize, hiddenSize, tieWordEmbeddings }: DecoderConfig,
): GradientBytes {
  const wide = dtypes.float32.bytes
  if (recipe.lora) return { all: wide * adapter, head: 0, pass: 0 }
  const head = vocabSize * hiddenSize
  // The sums of embedding and head are float32 from the start; layer by layer the rest is added at once.
  const atOnce = !isHalf(recipe.dtype) || recipe.train.activationCheckpointing
  const left = atOnce ? 0 : parameters - (tieWordEmbeddings ? 1 : 2) * head
  return { all: wide * parameters, head: wide * head, pass: dtypes[recipe.dtype].bytes * left }
}

/**
 * What a backward pass keeps of one token, per layer: two norms' inputs, normalised inputs and outputs, queries and
 * attention's output, keys and values, and the MLP's gate, up, product and activation; norms of queries and keys keep
 * these before and normalised. With activation checkpointing: that of one layer, and every layer's input. On a CPU a norm
 * keeps its input and what it makes of it in float32.
 */
export function activationBytes(
  { device, dtype, train }: { device: string; dtype: Dtype; train: { activationCheckpointing: boolean } },
  config: DecoderConfig,
): number {
  const { hiddenSize, intermediateSize, layers } = config
  const { bytes } = dtypes[dtype]
  const { queries, keys } = attentionWidths(config)
  const headNorms = config.qkNorm ? queries + keys : 0
  const numbers = 6 * hiddenSize + 2 * headNorms + 3 * queries + 2 * keys + 4 * intermediateSize
  const widened = device === 'cpu' ? 2 * (2 * hiddenSize + headNorms) * (dtypes.float32.bytes - bytes) : 0
  const layer = numbers * bytes + widened
  return train.activationCheckpointing ? layer + layers * hiddenSize * bytes : layers * layer
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
export function attentionBytes(
  { device, dtype, train }: { device: string; dtype: Dtype; train: { activationCheckpointing: boolean } },
  config: DecoderConfig,
  prompt: number,
  completion: number,
): Pick<MicroBatch, 'keyBytes' | 'maskBytes'> {
  const layers = train.activationCheckpointing ? 1 : config.layers
  const keyBytes = prompt * cachedNumbers({ ...config, layers }) * dtypes[dtype].bytes
  const needsMasks = varlenLimit(config, parseDevice(device), dtype) !== undefined
  const branch = { branch: completion, keys: prompt + completion, dtype }
  return { keyBytes, maskBytes: needsMasks ? maskBytes(config, branch) : 0 }
}

/**
 * The gradients to count beside all of a micro-batch's activations. In an update's first pass no gradient but the head's
 * is there when they are complete, and as the others come they go; in later passes the sums are there from the start.
 */
function gradientsBeside(activations: number, only: boolean, { all, head, pass }: GradientBytes): number {
  return only ? Math.max(head, all - activations) : all + Math.max(0, pass - activations)
}

/** What the parts come to on each device, and the token budget that would still fit. */
export function estimateOf(
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
    available,
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
