/**
 * InternLM2 renames every tensor and packs the projections of one attention into `wqkv`, whose rows go per group of
 * heads that share a key:
 *
 *     [q_0 .. q_(g-1), k, v]  for group 0,  the same for group 1, ...      each block head_dim rows, g = heads / kvHeads
 */
import type { DecoderShape } from '../types.js'
import { defineFamily, type RowRange } from './family.js'

export const internlm2 = defineFamily({
  name: 'internlm2',
  architecture: 'InternLM2ForCausalLM',
  title: 'InternLM2',
  models: 'InternLM2 and InternLM2.5',
  notes: 'One packed tensor holds queries, keys, and values, so a LoRA adapter adapts all three together.',
  read(config) {
    const bias = config.flag('bias', true)
    return { qkvBias: bias, outputBias: bias, mlpBias: false }
  },
  stored(shape) {
    const { rows, total } = packedRows(shape)
    return (name, shape) => {
      const packed = /^(.*)self_attn\.([qkv])_proj\.(weight|bias)$/.exec(name)
      if (packed) {
        const [, prefix, part, kind] = packed
        return { name: `${prefix}attention.wqkv.${kind}`, shape: [total, ...shape.slice(1)], rows: rows[part] }
      }
      const [, prefix, base, kind] = /^(model\.layers\.\d+\.)?(.*)\.(weight|bias)$/.exec(name)!
      return { name: `${prefix ?? ''}${names[base] ?? base}.${kind}`, shape }
    }
  },
})

const names: Record<string, string> = {
  'model.embed_tokens': 'model.tok_embeddings',
  lm_head: 'output',
  input_layernorm: 'attention_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.o_proj': 'attention.wo',
  'mlp.gate_proj': 'feed_forward.w1',
  'mlp.up_proj': 'feed_forward.w3',
  'mlp.down_proj': 'feed_forward.w2',
}

/** The rows of queries, keys, and values in `wqkv`, and how many rows it has. */
function packedRows({ heads, kvHeads, headDim }: DecoderShape) {
  const perGroup = heads / kvHeads
  const groups = Array.from({ length: kvHeads }, (_, group) => group * (perGroup + 2) * headDim)
  const rows: Record<string, RowRange[]> = {
    q: groups.map((start) => [start, perGroup * headDim]),
    k: groups.map((start) => [start + perGroup * headDim, headDim]),
    v: groups.map((start) => [start + (perGroup + 1) * headDim, headDim]),
  }
  return { rows, total: kvHeads * (perGroup + 2) * headDim }
}
