/**
 * Every tensor of a decoder, written down once. Loading, saving, adapters, the choice of a dtype, and the memory plan
 * all read this list, so a change to a layer is a change here and in the forward pass (decoder.ts).
 *
 * Names are canonical: those of Llama's Hugging Face files. In memory, tensors that are multiplied by the same input
 * form one parameter (query, key, and value; gate and up), so a layer is four products.
 */
import type { DecoderShape } from './types.js'

/** The matrices of a layer, as the forward pass multiplies by them. */
export const linearKeys = ['qkv', 'output', 'gateUp', 'down'] as const
export type LinearKey = (typeof linearKeys)[number]

type NormKey = 'inputNorm' | 'queryNorm' | 'keyNorm' | 'postNorm'
export type LayerKey = LinearKey | `${LinearKey}Bias` | NormKey

/** A canonical tensor. */
export interface TensorLayout {
  name: string
  shape: readonly number[]
  /** Set if the rows are heads of this many dimensions in rotation order. */
  rotated?: number
}

/** What one parameter in memory is made of: canonical tensors, one below the other. */
export interface ParameterLayout {
  /** Unique within the model. */
  name: string
  parts: TensorLayout[]
}

interface LayerTensor extends TensorLayout {
  /** The parameter that holds it. */
  key: LayerKey
}

/** Numbers in one token's queries, and in its keys (as many as in its values). */
export const attentionWidths = ({ heads, kvHeads, headDim }: Pick<DecoderShape, 'heads' | 'kvHeads' | 'headDim'>) => ({
  queries: heads * headDim,
  keys: kvHeads * headDim,
})

/** One layer's tensors in the order in which the forward pass meets them; names are relative to the layer. */
function layerTensors(shape: DecoderShape): LayerTensor[] {
  const { hiddenSize, intermediateSize, headDim, qkvBias, outputBias, mlpBias } = shape
  const { queries, keys } = attentionWidths(shape)
  const tensors: LayerTensor[] = []
  const norm = (name: string, key: NormKey, size: number, rotated?: number): void => {
    tensors.push({ name: `${name}.weight`, key, shape: [size], rotated })
  }
  const linear = (
    name: string,
    key: LinearKey,
    [out, into]: [number, number],
    bias: boolean,
    rotated?: number,
  ): void => {
    tensors.push({ name: `${name}.weight`, key, shape: [out, into], rotated })
    if (bias) tensors.push({ name: `${name}.bias`, key: `${key}Bias`, shape: [out], rotated })
  }
  norm('input_layernorm', 'inputNorm', hiddenSize)
  linear('self_attn.q_proj', 'qkv', [queries, hiddenSize], qkvBias, headDim)
  linear('self_attn.k_proj', 'qkv', [keys, hiddenSize], qkvBias, headDim)
  linear('self_attn.v_proj', 'qkv', [keys, hiddenSize], qkvBias)
  if (shape.qkNorm) {
    norm('self_attn.q_norm', 'queryNorm', headDim, headDim)
    norm('self_attn.k_norm', 'keyNorm', headDim, headDim)
  }
  linear('self_attn.o_proj', 'output', [hiddenSize, queries], outputBias)
  norm('post_attention_layernorm', 'postNorm', hiddenSize)
  linear('mlp.gate_proj', 'gateUp', [intermediateSize, hiddenSize], mlpBias)
  linear('mlp.up_proj', 'gateUp', [intermediateSize, hiddenSize], mlpBias)
  linear('mlp.down_proj', 'down', [hiddenSize, intermediateSize], mlpBias)
  return tensors
}

const isMatrix = ({ shape }: TensorLayout): boolean => shape.length === 2

/** Names do not depend on sizes. */
const smallest: DecoderShape = {
  vocabSize: 1,
  hiddenSize: 1,
  intermediateSize: 1,
  layers: 1,
  heads: 1,
  kvHeads: 1,
  headDim: 1,
  tieWordEmbeddings: true,
  qkvBias: false,
  outputBias: false,
  mlpBias: false,
  qkNorm: false,
}

/** The linear layers by the last word of their names, as `lora.targets` takes them: q_proj, k_proj, ... */
export const linearNames: readonly string[] = layerTensors(smallest)
  .filter(isMatrix)
  .map(({ name }) => name.replace(/^.*\.(\w+)\.weight$/, '$1'))

/** A linear layer's canonical name from its weight's; undefined for every other tensor, the head's among them. */
export const linearLayer = (tensor: string): string | undefined =>
  /^(model\.layers\.\d+\..*_proj)\.weight$/.exec(tensor)?.[1]

const inLayer = (index: number, name: string): string => `model.layers.${index}.${name}`

function endTensors({ vocabSize, hiddenSize, tieWordEmbeddings }: DecoderShape) {
  const embedding: TensorLayout = { name: 'model.embed_tokens.weight', shape: [vocabSize, hiddenSize] }
  const finalNorm: TensorLayout = { name: 'model.norm.weight', shape: [hiddenSize] }
  const head: TensorLayout = { name: 'lm_head.weight', shape: [vocabSize, hiddenSize] }
  return { embedding, finalNorm, head: tieWordEmbeddings ? undefined : head }
}

/** Every canonical tensor of the model and its shape, in the order in which the forward pass meets them. */
export function parameterShapes(shape: DecoderShape): Map<string, readonly number[]> {
  const { embedding, finalNorm, head } = endTensors(shape)
  const tensors = layerTensors(shape)
  const shapes = new Map([[embedding.name, embedding.shape]])
  for (let layer = 0; layer < shape.layers; layer++) {
    for (const tensor of tensors) shapes.set(inLayer(layer, tensor.name), tensor.shape)
  }
  shapes.set(finalNorm.name, finalNorm.shape)
  if (head) shapes.set(head.name, head.shape)
  return shapes
}

export interface DecoderLayout {
  embedding: ParameterLayout
  layers: Partial<Record<LayerKey, ParameterLayout>>[]
  finalNorm: ParameterLayout
  /** Absent if the head is the embedding. */
  head?: ParameterLayout
}

/** Names of the parameters that hold more than one canonical layer. */
const fusedNames: Partial<Record<LinearKey, string>> = { qkv: 'self_attn.qkv_proj', gateUp: 'mlp.gate_up_proj' }

/** The parameters of a model in memory, before any memory is taken. */
export function decoderLayout(shape: DecoderShape): DecoderLayout {
  const single = (tensor: TensorLayout): ParameterLayout => ({ name: tensor.name, parts: [tensor] })
  const { embedding, finalNorm, head } = endTensors(shape)
  const tensors = layerTensors(shape)
  const layer = (index: number) => {
    const parameters: DecoderLayout['layers'][number] = {}
    for (const { key, name, ...tensor } of tensors) {
      const kind = name.slice(name.lastIndexOf('.'))
      const fused = fusedNames[key.replace(/Bias$/, '') as LinearKey]
      const parameter = parameters[key] ?? { name: inLayer(index, fused ? `${fused}${kind}` : name), parts: [] }
      parameter.parts.push({ name: inLayer(index, name), ...tensor })
      parameters[key] = parameter
    }
    return parameters
  }
  return {
    embedding: single(embedding),
    layers: Array.from({ length: shape.layers }, (_, index) => layer(index)),
    finalNorm: single(finalNorm),
    head: head && single(head),
  }
}

/** [out, in] of one layer's products, in order. */
export function layerProducts(shape: DecoderShape): [number, number][] {
  const weights = layerTensors(shape).filter(isMatrix)
  return linearKeys.map((wanted) => {
    const parts = weights.filter(({ key }) => key === wanted)
    return [parts.reduce((rows, { shape }) => rows + shape[0], 0), parts[0].shape[1]]
  })
}
