/** A GGUF file's metadata as the `config.json` that the same model has on the hub, so that it can be saved as one. */

import { shortestDecimal } from '../../base/decimals.js'
import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { parseConfig } from '../config.js'
import { families } from '../families/index.js'
import { openFile } from '../file.js'
import type { JsonObject } from '../json.js'
import type { DecoderConfig } from '../types.js'
import type { GgufHeader } from './header.js'

/** @throws UserError for an unsupported architecture or metadata that is missing or wrong */
export function readGgufConfig(path: string, header: GgufHeader): DecoderConfig {
  const { metadata } = header
  const architecture = metadata['general.architecture']
  const family = families.find(({ gguf }) => gguf?.architecture === architecture)
  if (family?.gguf === undefined) {
    throw new UserError(`${path}: unsupported architecture ${shown(architecture)}`, {
      hint: `supported in GGUF files are ${families.flatMap(({ gguf }) => gguf?.architecture ?? []).join(', ')}`,
    })
  }
  const field = (name: string): unknown => metadata[`${architecture}.${name}`]
  if (Number(field('expert_count') ?? 0) > 1) throw new UserError(`${path}: a mixture of experts is not supported`)
  const embedding = header.tensors.find(({ name }) => name === 'token_embd.weight')
  if (embedding === undefined) throw new UserError(`${path} lacks the tensor token_embd.weight`)
  const has = (name: string): boolean => header.tensors.some((tensor) => tensor.name === name)

  const headDim = field('attention.key_length') ?? field('rope.dimension_count')
  const rotated = field('rope.dimension_count')
  if (rotated !== undefined && rotated !== headDim)
    throw new UserError(`${path}: a partial rotary embedding is not supported`)
  const raw: JsonObject = {
    architectures: [family.architecture],
    model_type: family.name,
    vocab_size: embedding.shape[0],
    hidden_size: field('embedding_length'),
    intermediate_size: field('feed_forward_length'),
    num_hidden_layers: field('block_count'),
    num_attention_heads: field('attention.head_count'),
    num_key_value_heads: field('attention.head_count_kv') ?? field('attention.head_count'),
    ...(headDim === undefined ? {} : { head_dim: headDim }),
    hidden_act: 'silu',
    max_position_embeddings: field('context_length'),
    rms_norm_eps: shortest(field('attention.layer_norm_rms_epsilon')),
    rope_theta: shortest(field('rope.freq_base') ?? 10_000),
    rope_scaling: ropeScaling(path, header, field),
    tie_word_embeddings: !has('output.weight'),
    ...family.gguf.fields((tensor) => has(`blk.0.${tensor}`)),
    ...specialIds(metadata),
  }
  return parseConfig(raw, path)
}

function specialIds(metadata: Record<string, unknown>): JsonObject {
  const id = (name: string): unknown => metadata[`tokenizer.ggml.${name}_token_id`]
  const ends = [...new Set([id('eos'), id('eot'), id('eom')].filter((value) => value !== undefined))]
  return {
    ...(id('bos') === undefined ? {} : { bos_token_id: id('bos') }),
    ...(ends.length === 0 ? {} : { eos_token_id: ends.length === 1 ? ends[0] : ends }),
    ...(id('padding') === undefined ? {} : { pad_token_id: id('padding') }),
  }
}

/** 9.999999747e-6 was written as 1e-5. */
const shortest = (value: unknown): unknown => (typeof value === 'number' ? shortestDecimal(value) : value)

function ropeScaling(path: string, header: GgufHeader, field: (name: string) => unknown): JsonObject | null {
  // The second is an older name. As in llama.cpp, a factor without a type is linear.
  const factor = shortest(field('rope.scaling.factor') ?? field('rope.scale_linear'))
  const type = field('rope.scaling.type') ?? (factor === undefined || factor === 0 ? 'none' : 'linear')
  if (header.tensors.some(({ name }) => name === 'rope_freqs.weight')) {
    if (type === 'none') return llama3Scaling(path, header, field)
    throw new UserError(`${path}: has both the tensor rope_freqs.weight and the rotary scaling ${shown(type)}`)
  }
  if (type === 'none') return null
  if (type === 'linear') return { rope_type: 'linear', factor }
  if (type === 'yarn') {
    for (const [name, usual] of Object.entries({ attn_factor: 1, yarn_ext_factor: 1, yarn_attn_factor: 1 })) {
      const value = field(`rope.scaling.${name}`) ?? usual
      if (value !== usual) throw new UserError(`${path}: rope.scaling.${name} ${String(value)} is not supported`)
    }
    return {
      rope_type: 'yarn',
      factor,
      original_max_position_embeddings: field('rope.scaling.original_context_length'),
      beta_fast: shortest(field('rope.scaling.yarn_beta_fast')),
      beta_slow: shortest(field('rope.scaling.yarn_beta_slow')),
    }
  }
  throw new UserError(`${path}: the rotary scaling ${shown(type)} is not supported`)
}

/**
 * Llama 3's scaling, which GGUF keeps only as the table of its divisors. All published models use the low and high
 * frequency factors 1 and 4 over 8192 positions; the table's largest divisor is the factor, and the others must follow.
 */
function llama3Scaling(path: string, header: GgufHeader, field: (name: string) => unknown): JsonObject {
  const { offset, bytes, dtype } = header.tensors.find(({ name }) => name === 'rope_freqs.weight')!
  if (dtype !== 'F32' || bytes > 2 ** 16)
    throw new UserError(`${path}: tensor rope_freqs.weight is no table of frequencies`)
  const table = new Float32Array(bytes / 4)
  const file = openFile(path)
  try {
    file.read(offset, new Uint8Array(table.buffer))
  } finally {
    file.close()
  }
  const factor = shortest(table.reduce((largest, value) => Math.max(largest, value), 1)) as number
  const [low, high, original] = [1, 4, 8192]
  const theta = Number(field('rope.freq_base') ?? 10_000)
  const expected = Array.from(table, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** (i / table.length)
    if (wavelength < original / high) return 1
    if (wavelength > original / low) return factor
    const smooth = (original / wavelength - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)
  })
  if (expected.some((value, i) => !(Math.abs(value - table[i]) <= 1e-4 * value))) {
    throw new UserError(
      `${path}: the tensor rope_freqs.weight is not Llama 3's rotary scaling, which is the only table read`,
    )
  }
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  }
}
