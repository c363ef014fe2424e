/**
 * Canonical tensors and where a family's file keeps them. Llama, Qwen2, Qwen3 and InternLM3 store them as they are.
 * InternLM2 renames all and packs the projections of one attention into `wqkv`, whose rows go per group of heads that
 * share a key:
 *
 *     [q_0 .. q_(g-1), k, v]  for group 0,  the same for group 1, ...      each block head_dim rows, g = heads / kvHeads
 */

import type { DecoderConfig } from './types.js'

/** Rows [from, from + count) of the stored tensor are the canonical tensor's next rows. */
export type RowRange = readonly [from: number, count: number]

/** Where a canonical tensor lies: a whole stored tensor, or the given rows of one, in order. */
export interface StoredTensor {
  name: string
  /** Shape of the whole stored tensor. */
  shape: readonly number[]
  rows?: readonly RowRange[]
}

/** Every canonical tensor of the model and its shape, in the order in which the forward pass meets them. */
export function parameterShapes(config: DecoderConfig): Map<string, number[]> {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config
  const shapes = new Map<string, number[]>()
  const linear = (name: string, out: number, into: number, bias: boolean): void => {
    shapes.set(`${name}.weight`, [out, into])
    if (bias) shapes.set(`${name}.bias`, [out])
  }
  shapes.set('model.embed_tokens.weight', [config.vocabSize, hiddenSize])
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`
    shapes.set(`${prefix}.input_layernorm.weight`, [hiddenSize])
    linear(`${prefix}.self_attn.q_proj`, heads * headDim, hiddenSize, config.qkvBias)
    linear(`${prefix}.self_attn.k_proj`, kvHeads * headDim, hiddenSize, config.qkvBias)
    linear(`${prefix}.self_attn.v_proj`, kvHeads * headDim, hiddenSize, config.qkvBias)
    if (config.qkNorm) {
      shapes.set(`${prefix}.self_attn.q_norm.weight`, [headDim])
      shapes.set(`${prefix}.self_attn.k_norm.weight`, [headDim])
    }
    linear(`${prefix}.self_attn.o_proj`, hiddenSize, heads * headDim, config.outputBias)
    shapes.set(`${prefix}.post_attention_layernorm.weight`, [hiddenSize])
    linear(`${prefix}.mlp.gate_proj`, intermediateSize, hiddenSize, config.mlpBias)
    linear(`${prefix}.mlp.up_proj`, intermediateSize, hiddenSize, config.mlpBias)
    linear(`${prefix}.mlp.down_proj`, hiddenSize, intermediateSize, config.mlpBias)
  }
  shapes.set('model.norm.weight', [hiddenSize])
  if (!config.tieWordEmbeddings) shapes.set('lm_head.weight', [config.vocabSize, hiddenSize])
  return shapes
}

/** Every canonical tensor with its place in a Hugging Face directory of the model's family. */
export function storedTensors(config: DecoderConfig): Map<string, StoredTensor> {
  const locate = config.family === 'internlm2' ? internlm2(config) : undefined
  const stored = new Map<string, StoredTensor>()
  for (const [name, shape] of parameterShapes(config)) stored.set(name, locate?.(name, shape) ?? { name, shape })
  return stored
}

const internlm2Names: Record<string, string> = {
  'model.embed_tokens': 'model.tok_embeddings',
  lm_head: 'output',
  input_layernorm: 'attention_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.o_proj': 'attention.wo',
  'mlp.gate_proj': 'feed_forward.w1',
  'mlp.up_proj': 'feed_forward.w3',
  'mlp.down_proj': 'feed_forward.w2',
}

function internlm2({ heads, kvHeads, headDim }: DecoderConfig): (name: string, shape: number[]) => StoredTensor {
  const perGroup = heads / kvHeads
  const groups = Array.from({ length: kvHeads }, (_, group) => group * (perGroup + 2) * headDim)
  const rows: Record<string, RowRange[]> = {
    q: groups.map((start) => [start, perGroup * headDim]),
    k: groups.map((start) => [start + perGroup * headDim, headDim]),
    v: groups.map((start) => [start + (perGroup + 1) * headDim, headDim]),
  }
  return (name, shape) => {
    const packed = /^(.*)self_attn\.([qkv])_proj\.(weight|bias)$/.exec(name)
    if (packed) {
      const [, prefix, part, kind] = packed
      const packedShape = [kvHeads * (perGroup + 2) * headDim, ...shape.slice(1)]
      return { name: `${prefix}attention.wqkv.${kind}`, shape: packedShape, rows: rows[part] }
    }
    const [, prefix, base, kind] = /^(model\.layers\.\d+\.)?(.*)\.(weight|bias)$/.exec(name)!
    return { name: `${prefix ?? ''}${internlm2Names[base] ?? base}.${kind}`, shape }
  }
}
