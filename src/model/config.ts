/**
 * `config.json` to {@link DecoderConfig}. What a family fixes (Qwen2's biases, Qwen3's head norms) and what the file
 * states meet here; what this decoder does not compute is refused by name instead of computed wrongly.
 */

import { UserError } from '../base/errors.js'
import { parseRope } from './config-rope.js'
import { isObject, type JsonObject } from './json.js'
import { type DecoderConfig, type Family, families } from './types.js'

/**
 * Far above any published dense model (405B: 126 layers, width 16,384), and low enough that no count derived from a
 * malformed config can exhaust memory before the weights' own shapes are checked.
 */
const limits = { layers: 1024, width: 2 ** 20, heads: 2 ** 14, vocab: 2 ** 24, positions: 2 ** 31 }

/** Reads typed fields of a config and names file and field when one is wrong. */
export class Fields {
  readonly raw: JsonObject
  readonly where: string

  constructor(raw: JsonObject, where: string) {
    this.raw = raw
    this.where = where
  }

  fail(field: string, expected: string): never {
    throw new UserError(`${this.where}: ${field} is ${JSON.stringify(this.raw[field])}, expected ${expected}`)
  }

  /** An integer in 1..max; `fallback` where the field is absent or null. */
  count(field: string, max: number, fallback?: number): number {
    const value = this.raw[field] ?? fallback
    if (value === undefined) throw new UserError(`${this.where}: ${field} is missing`)
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > max) {
      this.fail(field, `an integer from 1 to ${max}`)
    }
    return value as number
  }

  /** A finite number above 0. */
  positive(field: string, fallback?: number): number {
    const value = this.raw[field] ?? fallback
    if (value === undefined) throw new UserError(`${this.where}: ${field} is missing`)
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) this.fail(field, 'a number above 0')
    return value
  }

  flag(field: string, fallback: boolean): boolean {
    const value = this.raw[field] ?? fallback
    if (typeof value !== 'boolean') this.fail(field, 'true or false')
    return value
  }

  /** Token ids: absent, null, one or a list. Old configs write -1 for none. */
  ids(field: string): number[] {
    const value = this.raw[field] ?? []
    const ids = Array.isArray(value) ? value : [value]
    if (!ids.every((id) => Number.isSafeInteger(id))) this.fail(field, 'a token id or a list of them')
    return ids.filter((id) => id >= 0)
  }
}

const biasFields: Record<Family, (fields: Fields) => { qkv: boolean; output: boolean; mlp: boolean }> = {
  llama: (f) => {
    const attention = f.flag('attention_bias', false)
    return { qkv: attention, output: attention, mlp: f.flag('mlp_bias', false) }
  },
  qwen2: () => ({ qkv: true, output: false, mlp: false }),
  qwen3: (f) => {
    const attention = f.flag('attention_bias', false)
    return { qkv: attention, output: attention, mlp: false }
  },
  internlm2: (f) => {
    const bias = f.flag('bias', true)
    return { qkv: bias, output: bias, mlp: false }
  },
  // The published config says qkv_bias and bias; transformers writes them back as attention_bias and mlp_bias.
  internlm3: (f) => {
    const bias = f.flag('bias', f.flag('mlp_bias', false))
    return { qkv: f.flag('qkv_bias', f.flag('attention_bias', false)), output: bias, mlp: bias }
  },
}

/** head_dim where the config leaves it out; Qwen3's configuration class says 128 and not hidden / heads. */
const defaultHeadDim: Partial<Record<Family, number>> = { qwen3: 128 }

/**
 * @param raw the parsed `config.json`
 * @param where its path, for errors
 * @param generation the parsed `generation_config.json`, whose end tokens count too (chat models end turns with them)
 * @throws UserError for a field that is missing, wrong or asks for something this decoder does not compute
 */
export function parseConfig(raw: JsonObject, where: string, generation?: JsonObject): DecoderConfig {
  const family = familyOf(raw, where)
  const f = new Fields(raw, where)
  refuseUnsupported(f, family)
  const hiddenSize = f.count('hidden_size', limits.width)
  const heads = f.count('num_attention_heads', limits.heads)
  const kvHeads = f.count('num_key_value_heads', limits.heads, heads)
  if (heads % kvHeads !== 0) {
    throw new UserError(`${where}: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`)
  }
  const headDim = f.count('head_dim', limits.width, defaultHeadDim[family] ?? hiddenSize / heads)
  if (headDim % 2 !== 0) throw new UserError(`${where}: head_dim is ${headDim}; rotary positions need an even one`)
  const bias = biasFields[family](f)
  const maxPositionEmbeddings = f.count('max_position_embeddings', limits.positions)
  const generationFields = new Fields(generation ?? {}, where.replace(/config\.json$/, 'generation_config.json'))
  const first = (field: string): number | undefined => [...f.ids(field), ...generationFields.ids(field)][0]
  return {
    family,
    vocabSize: f.count('vocab_size', limits.vocab),
    hiddenSize,
    intermediateSize: f.count('intermediate_size', limits.width),
    layers: f.count('num_hidden_layers', limits.layers),
    heads,
    kvHeads,
    headDim,
    rmsNormEps: f.positive('rms_norm_eps', 1e-6),
    rope: parseRope(raw, where, maxPositionEmbeddings),
    maxPositionEmbeddings,
    tieWordEmbeddings: f.flag('tie_word_embeddings', false),
    qkvBias: bias.qkv,
    outputBias: bias.output,
    mlpBias: bias.mlp,
    qkNorm: family === 'qwen3',
    bosTokenId: first('bos_token_id'),
    eosTokenIds: [...new Set([...f.ids('eos_token_id'), ...generationFields.ids('eos_token_id')])],
    padTokenId: first('pad_token_id'),
    raw,
  }
}

function familyOf(raw: JsonObject, where: string): Family {
  const architectures = Array.isArray(raw.architectures) ? raw.architectures.map(String) : []
  const type = raw.model_type
  const family = families.find((name) => name === type)
  if (family !== undefined && architectures.every((name) => name.toLowerCase() === `${family}forcausallm`))
    return family
  const found = [type === undefined ? '' : `model_type ${JSON.stringify(type)}`, architectures.join(', ')]
  throw new UserError(`${where}: unsupported architecture (${found.filter(Boolean).join(', ') || 'none is named'})`, {
    hint: `supported are dense decoders of the families ${families.join(', ')}`,
  })
}

function refuseUnsupported(f: Fields, family: Family): void {
  const refuse = (what: string): never => {
    throw new UserError(`${f.where}: ${what} is not supported`)
  }
  for (const field of ['num_experts', 'num_local_experts', 'n_routed_experts']) {
    if (typeof f.raw[field] === 'number' && f.raw[field] > 1) refuse(`a mixture of experts (${field})`)
  }
  if (f.raw.quantization_config != null) {
    const method = isObject(f.raw.quantization_config) ? f.raw.quantization_config.quant_method : undefined
    throw new UserError(
      `${f.where}: weights quantised with ${String(method ?? 'quantization_config')} are not supported`,
      {
        hint: 'use the unquantised model, or a GGUF file of it',
      },
    )
  }
  const activation = f.raw.hidden_act ?? 'silu'
  if (activation !== 'silu' && activation !== 'swish') refuse(`hidden_act ${JSON.stringify(activation)}`)
  if (f.raw.partial_rotary_factor != null && f.raw.partial_rotary_factor !== 1) refuse('a partial rotary embedding')
  if ((family === 'qwen2' || family === 'qwen3') && slidingLayers(f) > 0) {
    refuse(`sliding-window attention (sliding_window ${f.raw.sliding_window}, shorter than max_position_embeddings)`)
  }
}

/** Layers whose window really hides something: use_sliding_window, from max_window_layers on (or as layer_types says). */
function slidingLayers(f: Fields): number {
  if (!f.flag('use_sliding_window', false) || f.raw.sliding_window == null) return 0
  const window = f.count('sliding_window', limits.positions)
  if (window >= f.count('max_position_embeddings', limits.positions)) return 0
  if (Array.isArray(f.raw.layer_types)) return f.raw.layer_types.filter((type) => type !== 'full_attention').length
  const from = f.raw.max_window_layers ?? 28
  if (!Number.isSafeInteger(from)) f.fail('max_window_layers', 'an integer')
  return Math.max(0, f.count('num_hidden_layers', limits.layers) - (from as number))
}
