import { UserError } from '../base/errors.js'
import { shown } from '../base/shown.js'
import { isObject, type JsonObject } from './json.js'
import type { RopeConfig } from './types.js'

/**
 * The rotary embedding as `rope_theta`, `rope_scaling`, and `rope_parameters` (transformers 5) state it, with
 * transformers' defaults resolved: `original_max_position_embeddings` falls back to the model's length, YaRN's
 * attention factor to mscale's ratio or 0.1 ln(factor) + 1.
 *
 * @throws UserError for an unknown type, a parameter that is missing or not a positive number, and two statements that
 *   contradict each other
 */
export function parseRope(raw: JsonObject, where: string, maxPositionEmbeddings: number): RopeConfig {
  const stated = statedParameters(raw, where)
  const optional = (field: string, value: unknown): number | undefined => {
    if (value == null) return undefined
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
    throw new UserError(`${where}: the rotary embedding's ${field} is ${shown(value)}, expected a number above 0`)
  }
  const required = (field: string): number => {
    const value = optional(field, stated[field])
    if (value === undefined) throw new UserError(`${where}: the rotary embedding's ${field} is missing`)
    return value
  }

  const theta = optional('rope_theta', stated.rope_theta) ?? 10_000
  if (stated.partial_rotary_factor != null && stated.partial_rotary_factor !== 1) {
    throw new UserError(`${where}: a partial rotary embedding is not supported`)
  }
  // A length stated beside the rotary parameters goes before the one inside them, as in transformers.
  const originalMaxPositionEmbeddings =
    optional('original_max_position_embeddings', raw.original_max_position_embeddings) ??
    optional('original_max_position_embeddings', stated.original_max_position_embeddings) ??
    maxPositionEmbeddings

  const type = String(stated.rope_type ?? 'default')
  switch (type) {
    case 'default':
      return { theta, scaling: { type: 'none' } }
    case 'linear':
      return { theta, scaling: { type, factor: required('factor') } }
    case 'dynamic':
      // transformers takes the model's own length here, whatever else is stated.
      return {
        theta,
        scaling: { type, factor: required('factor'), originalMaxPositionEmbeddings: maxPositionEmbeddings },
      }
    case 'llama3':
      return {
        theta,
        scaling: {
          type,
          factor: required('factor'),
          lowFreqFactor: required('low_freq_factor'),
          highFreqFactor: required('high_freq_factor'),
          originalMaxPositionEmbeddings,
        },
      }
    case 'yarn': {
      const factor = optional('factor', stated.factor) ?? maxPositionEmbeddings / originalMaxPositionEmbeddings
      const mscale = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1)
      const weight = stated.mscale || undefined
      const weightAllDim = stated.mscale_all_dim || undefined
      const inferred =
        weight !== undefined && weightAllDim !== undefined
          ? mscale(optional('mscale', weight)!) / mscale(optional('mscale_all_dim', weightAllDim)!)
          : mscale(1)
      if (stated.truncate != null && typeof stated.truncate !== 'boolean') {
        throw new UserError(
          `${where}: the rotary embedding's truncate is ${shown(stated.truncate)}, expected true or false`,
        )
      }
      return {
        theta,
        scaling: {
          type,
          factor,
          betaFast: optional('beta_fast', stated.beta_fast || undefined) ?? 32,
          betaSlow: optional('beta_slow', stated.beta_slow || undefined) ?? 1,
          originalMaxPositionEmbeddings,
          attentionFactor: optional('attention_factor', stated.attention_factor) ?? inferred,
          truncate: stated.truncate ?? true,
        },
      }
    }
    default:
      throw new UserError(`${where}: the rotary scaling ${shown(type)} is not supported`, {
        hint: 'supported are default, linear, dynamic, llama3 and yarn',
      })
  }
}

/**
 * All that the file says of the rotary embedding, as one object. transformers drops `rope_parameters` where there is a
 * non-empty `rope_scaling`, and `rope_theta` where one of the objects has its own. Here each key counts wherever it is,
 * and a file that gives it two values is refused: one of them would be dropped in silence.
 */
function statedParameters(raw: JsonObject, where: string): JsonObject {
  const merged: JsonObject = {}
  const origins: Record<string, string> = {}
  const state = (name: string, origin: string, value: unknown): void => {
    // `type` is the older name.
    const key = name === 'type' ? 'rope_type' : name
    if (value == null) return
    if (isObject(value)) throw new UserError(`${where}: rotary parameters per layer type (${key}) are not supported`)
    if (merged[key] !== undefined && merged[key] !== value) {
      const [before, now] = [merged[key], value].map((each) => JSON.stringify(each))
      throw new UserError(`${where}: ${origins[key]} says ${before}, but ${origin} says ${now}`, {
        hint: 'keep the one that the model was trained with',
      })
    }
    merged[key] = value
    origins[key] = origin
  }
  for (const field of ['rope_scaling', 'rope_parameters']) {
    const object = raw[field] ?? {}
    if (!isObject(object)) throw new UserError(`${where}: ${field} is ${shown(object)}, expected an object`)
    for (const [key, value] of Object.entries(object)) state(key, `${field}.${key}`, value)
  }
  state('rope_theta', 'rope_theta', raw.rope_theta)
  return merged
}
