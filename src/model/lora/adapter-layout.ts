/**
 * What a LoRA adapter adapts: the linear layers as the family's files have them, since a PEFT adapter has one pair of
 * factors per module of the family's own model. Llama's q_proj, k_proj and v_proj are three modules with three A; the
 * wqkv of InternLM2 is one with one A, whose B has its rows per group of heads.
 */
import { UserError } from '../../base/errors.js'
import type { RowRange } from '../families/family.js'
import { linearLayer } from '../layout.js'
import { canonicalShape, storedTensors } from '../stored.js'
import type { DecoderConfig } from '../types.js'

export interface LinearModule {
  /** In the family's model: `model.layers.0.self_attn.q_proj`, `model.layers.0.attention.wqkv`. */
  name: string
  out: number
  in: number
  /** The canonical layers it holds, `model.layers.0.self_attn.q_proj`, and their rows where there are several. */
  layers: { name: string; rows: number; storedRows?: readonly RowRange[] }[]
}

/** Every linear layer but the head, in the order in which the forward pass meets them. */
export function linearModules(config: DecoderConfig): LinearModule[] {
  const modules = new Map<string, LinearModule>()
  for (const [canonical, place] of storedTensors(config)) {
    const layer = linearLayer(canonical)
    if (layer === undefined) continue
    const { name, shape, rows } = place
    const module = name.slice(0, -'.weight'.length)
    const entry = modules.get(module) ?? { name: module, out: shape[0], in: shape[1], layers: [] }
    entry.layers.push({ name: layer, rows: canonicalShape(place)[0], storedRows: rows })
    modules.set(module, entry)
  }
  return [...modules.values()]
}

const lastWord = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/**
 * The modules that `targets` name, by the family's own names or by Llama's (q_proj, k_proj, v_proj, o_proj, gate_proj,
 * up_proj, down_proj); `all-linear`: every linear layer but the head.
 * @throws UserError for an unknown name, and for a part of what the family keeps in one module
 */
export function targetModules(config: DecoderConfig, targets: 'all-linear' | readonly string[]): LinearModule[] {
  const modules = linearModules(config)
  if (targets === 'all-linear') return modules
  const wordsOf = ({ name, layers }: LinearModule) => [lastWord(name), ...layers.map((layer) => lastWord(layer.name))]
  const known = [...new Set(modules.flatMap(wordsOf))]
  const unknown = targets.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new UserError(`lora.targets: the model has no linear layer ${unknown}`, {
      hint: `it has ${known.join(', ')}; all-linear means all of them`,
    })
  }
  return modules.filter(({ name, layers }) => {
    if (targets.includes(lastWord(name))) return true
    const named = layers.filter((layer) => targets.includes(lastWord(layer.name)))
    if (named.length > 0 && named.length < layers.length) {
      const all = layers.map((layer) => lastWord(layer.name)).join(', ')
      throw new UserError(`lora.targets: ${config.family} keeps ${all} in one layer, ${lastWord(name)}`, {
        hint: `name ${lastWord(name)}, or all of ${all}`,
      })
    }
    return named.length > 0
  })
}

/** Names of the factors: A per module, B per canonical layer, so that its rows are the layer's own. */
export const factorA = (module: string): string => `${module}.lora_A.weight`
export const factorB = (layer: string): string => `${layer}.lora_B.weight`
