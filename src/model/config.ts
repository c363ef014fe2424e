/**
 * `config.json` to {@link DecoderConfig}. What a family decides (families/) and what the file states meet here; what
 * this decoder does not compute is refused by name instead of computed wrongly.
 */

import { UserError } from '../base/errors.js'
import { cut, shown } from '../base/shown.js'
import { Fields, limits } from './config-fields.js'
import { parseRope } from './config-rope.js'
import type { ModelFamily } from './families/family.js'
import { type FamilyName, families } from './families/index.js'
import { isObject, type JsonObject } from './json.js'
import type { DecoderConfig } from './types.js'

/**
 * @param raw the parsed `config.json`
 * @param where its path, for errors
 * @param generation the parsed `generation_config.json`, whose end tokens count too (chat models end turns with them)
 * @throws UserError for a field that is missing, wrong or asks for something this decoder does not compute
 */
export function parseConfig(raw: JsonObject, where: string, generation?: JsonObject): DecoderConfig {
  const family = recognize(raw, where)
  const f = new Fields(raw, where)
  refuseUnsupported(f)
  const settings = family.read(f)
  const hiddenSize = f.count('hidden_size', limits.width)
  const heads = f.count('num_attention_heads', limits.heads)
  const kvHeads = f.count('num_key_value_heads', limits.heads, heads)
  if (heads % kvHeads !== 0) {
    throw new UserError(`${where}: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`)
  }
  const headDim = f.count('head_dim', limits.width, settings.headDim ?? hiddenSize / heads)
  if (headDim % 2 !== 0) throw new UserError(`${where}: head_dim is ${headDim}; rotary positions need an even one`)
  const maxPositionEmbeddings = f.count('max_position_embeddings', limits.positions)
  const generationFields = new Fields(generation ?? {}, where.replace(/config\.json$/, 'generation_config.json'))
  const first = (field: string): number | undefined => [...f.ids(field), ...generationFields.ids(field)][0]
  return {
    family: family.name,
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
    qkvBias: settings.qkvBias,
    outputBias: settings.outputBias,
    mlpBias: settings.mlpBias,
    qkNorm: settings.qkNorm ?? false,
    bosTokenId: first('bos_token_id'),
    eosTokenIds: [...new Set([...f.ids('eos_token_id'), ...generationFields.ids('eos_token_id')])],
    padTokenId: first('pad_token_id'),
    raw,
  }
}

function recognize(raw: JsonObject, where: string): ModelFamily<FamilyName> {
  const architectures = Array.isArray(raw.architectures) ? raw.architectures.map(String) : []
  const type = raw.model_type
  const family = families.find(({ name }) => name === type)
  const isFamilys = (name: string) => name.toLowerCase() === family?.architecture.toLowerCase()
  if (family !== undefined && architectures.every(isFamilys)) return family
  const found = [type === undefined ? '' : `model_type ${shown(type)}`, cut(architectures.join(', '))]
  throw new UserError(`${where}: unsupported architecture (${found.filter(Boolean).join(', ') || 'none is named'})`, {
    hint: `supported are dense decoders of the families ${families.map(({ name }) => name).join(', ')}`,
  })
}

function refuseUnsupported(f: Fields): void {
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
  if (activation !== 'silu' && activation !== 'swish') refuse(`hidden_act ${shown(activation)}`)
  if (f.raw.partial_rotary_factor != null && f.raw.partial_rotary_factor !== 1) refuse('a partial rotary embedding')
}
