/**
 * `adapter_config.json` as peft writes it. What this decoder does not compute (DoRA, trained biases, saved modules,
 * initialisations that change the base weights) is refused by name instead of computed wrongly.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { withinTime } from '../../base/time-limit.js'
import { isObject, type JsonObject, readJsonObject } from '../json.js'

export const adapterConfigFile = 'adapter_config.json'
export const adapterWeightsFile = 'adapter_model.safetensors'

export interface AdapterConfig {
  rank: number
  alpha: number
  /** Scale alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski, 2023, arXiv 2312.03732). */
  rankStabilized: boolean
  dropout: number
  /** What the base model was called where the adapter was trained. */
  baseModel?: string
  /** Ranks and alphas of single modules: regular expressions of the ends of module names, as peft reads them. */
  rankPattern: Readonly<Record<string, number>>
  alphaPattern: Readonly<Record<string, number>>
}

/** Factor of an adapter's product: alpha / r, or alpha / sqrt(r). */
export const adapterScale = (rank: number, alpha: number, rankStabilized: boolean): number =>
  alpha / (rankStabilized ? Math.sqrt(rank) : rank)

/** Whether a directory holds an adapter and no model. */
export const isAdapterDirectory = (directory: string): boolean =>
  existsSync(join(directory, adapterConfigFile)) && !existsSync(join(directory, 'config.json'))

/** @throws UserError for a file that is absent, malformed or asks for more than plain LoRA */
export function readAdapterConfig(directory: string): AdapterConfig {
  const path = join(directory, adapterConfigFile)
  if (!existsSync(path)) {
    throw new UserError(`${directory} is not a PEFT adapter: it has no ${adapterConfigFile}`, {
      hint: 'name the directory that adapter_config.json and adapter_model.safetensors lie in',
    })
  }
  return parseAdapterConfig(readJsonObject(path), path)
}

export function parseAdapterConfig(raw: JsonObject, where: string): AdapterConfig {
  refuseUnsupported(raw, where)
  const number = (field: string, fallback: number, valid: (value: number) => boolean, expected: string): number => {
    const value = raw[field] ?? fallback
    if (typeof value !== 'number' || !valid(value)) {
      throw new UserError(`${where}: ${field} is ${shown(raw[field])}, expected ${expected}`)
    }
    return value
  }
  const pattern = (field: string, valid: (value: number) => boolean): Record<string, number> => {
    const value = raw[field] ?? {}
    if (!isObject(value) || !Object.values(value).every((entry) => typeof entry === 'number' && valid(entry))) {
      throw new UserError(`${where}: ${field} is not a map of numbers`)
    }
    return value as Record<string, number>
  }
  const base = raw.base_model_name_or_path
  return {
    // peft's own defaults where a field is absent.
    rank: number('r', 8, isRank, 'a whole number from 1 on'),
    alpha: number('lora_alpha', 8, Number.isFinite, 'a number'),
    rankStabilized: raw.use_rslora === true,
    dropout: number('lora_dropout', 0, (value) => value >= 0 && value < 1, 'a number from 0 to below 1'),
    ...(typeof base === 'string' && base !== '' ? { baseModel: base } : {}),
    rankPattern: pattern('rank_pattern', isRank),
    alphaPattern: pattern('alpha_pattern', Number.isFinite),
  }
}

const isRank = (value: number): boolean => Number.isSafeInteger(value) && value >= 1

/** Initialisations that subtract the adapter's start from the base weights, which no file of the adapter holds. */
const changesBase = /^(pissa|olora|corda|loftq|lora_ga)/

/** Fields that are empty in a plain LoRA adapter: more is trained than factors, or the product is another one. */
const variants = [
  'modules_to_save',
  'trainable_token_indices',
  'target_parameters',
  'layer_replication',
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'monteclora_config',
  'velora_config',
]

function refuseUnsupported(raw: JsonObject, where: string): void {
  const refuse = (what: string): never => {
    throw new UserError(`${where}: ${what} is not supported; plain LoRA adapters are`)
  }
  if (raw.peft_type !== 'LORA') refuse(`peft_type ${shown(raw.peft_type)}`)
  for (const field of ['use_dora', 'fan_in_fan_out', 'lora_bias', 'use_qalora', 'use_bdlora']) {
    if (raw[field] === true) refuse(field)
  }
  if (raw.bias !== undefined && raw.bias !== 'none') refuse(`bias ${shown(raw.bias)}`)
  for (const field of variants) {
    const value = raw[field]
    if (Array.isArray(value) ? value.length > 0 : value != null) refuse(field)
  }
  const init = raw.init_lora_weights
  if (typeof init === 'string' && changesBase.test(init)) refuse(`init_lora_weights ${shown(init)}`)
}

/** Matching a module's name takes microseconds; a pattern that backtracks takes forever. */
const patternMilliseconds = 2000

/** A pattern's value for a module, as peft looks it up: the first key that matches the name's end. */
export function patternValue(
  pattern: Readonly<Record<string, number>>,
  module: string,
  fallback: number,
  where: string,
): number {
  for (const [key, value] of Object.entries(pattern)) {
    let expression: RegExp
    try {
      // With "u", an escape that Python reads otherwise is refused: \A, \Z, \a.
      expression = new RegExp(`^(.*\\.)?(${key})$`, 'u')
    } catch (cause) {
      throw new UserError(`${where}: ${shown(key)} is not a regular expression that this reads`, { cause })
    }
    const tooLong = () =>
      new UserError(
        `${where}: the pattern ${shown(key)} takes more than ${patternMilliseconds / 1000} s on ${module}`,
        { hint: 'it backtracks; write the modules’ names instead' },
      )
    if (withinTime(patternMilliseconds, tooLong, () => expression.test(module))) return value
  }
  return fallback
}
