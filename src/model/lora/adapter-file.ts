/**
 * A PEFT adapter directory: `adapter_config.json` and `adapter_model.safetensors`, whose tensors are called
 * `base_model.model.MODULE.lora_A.weight` ([r, in]) and `.lora_B.weight` ([out, r]). Which modules are adapted is what
 * the file holds, not what `target_modules` says.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { makeDirectory } from '../../base/make-directory.js'
import type { StoredTensor } from '../families/family.js'
import { openSafetensors, type SafetensorsFile } from '../safetensors.js'
import { createSafetensors, type TensorPlan } from '../safetensors-write.js'
import { type CanonicalTensor, writeAside } from '../save.js'
import { eachRun, safetensorsSource, storedEnds } from '../stored.js'
import type { DecoderConfig, TensorSource } from '../types.js'
import {
  type AdapterConfig,
  adapterConfigFile,
  adapterWeightsFile,
  patternValue,
  readAdapterConfig,
} from './adapter-config.js'
import { factorA, factorB, type LinearModule, linearModules } from './adapter-layout.js'

/** A module's adapter, before any of its numbers are read. */
export interface AdaptedModule extends LinearModule {
  rank: number
  alpha: number
}

/** An adapter located and checked against a model's configuration, its factors not yet read. */
export interface OpenAdapter {
  path: string
  config: AdapterConfig
  modules: AdaptedModule[]
  /** Factors by {@link factorA} and {@link factorB}. */
  tensors: TensorSource
}

const prefix = 'base_model.model.'

function placesOf({ name, out, in: width, layers, rank }: AdaptedModule): Map<string, StoredTensor> {
  const places = new Map<string, StoredTensor>([
    [factorA(name), { name: `${prefix}${factorA(name)}`, shape: [rank, width] }],
  ])
  for (const layer of layers) {
    places.set(factorB(layer.name), {
      name: `${prefix}${name}.lora_B.weight`,
      shape: [out, rank],
      rows: layer.storedRows,
    })
  }
  return places
}

/** @throws UserError naming file and tensor for an adapter that is malformed, unsupported or another model's */
export function openAdapter(directory: string, model: DecoderConfig): OpenAdapter {
  const config = readAdapterConfig(directory)
  const path = join(directory, adapterWeightsFile)
  if (!existsSync(path)) {
    const pickled = readdirSync(directory).find((name) => /^adapter_model\.(bin|pt)$/.test(name))
    throw new UserError(`${directory} has no ${adapterWeightsFile}`, {
      hint: pickled && `${pickled} is a pickled adapter, which is not read: save the adapter with safetensors`,
    })
  }
  const file = openSafetensors(path)
  try {
    const modules = modulesIn(file, model, config, join(directory, adapterConfigFile))
    return { path: directory, config, modules, tensors: factorSource(file, modules) }
  } catch (error) {
    file.close()
    throw error
  }
}

function modulesIn(file: SafetensorsFile, model: DecoderConfig, config: AdapterConfig, where: string): AdaptedModule[] {
  const known = new Map(linearModules(model).map((module) => [module.name, module]))
  const found = new Set<string>()
  // The modules before the first layer and after the last one.
  const ends = Object.values(storedEnds(model)).map((name) => lastWord(name.replace(/\.weight$/, '')))
  for (const name of file.tensors.keys()) {
    const module = /^base_model\.model\.(.*)\.lora_[AB]\.weight$/.exec(name)?.[1]
    const end = name.split('.').find((word) => ends.includes(word))
    if (end !== undefined) {
      throw new UserError(`${file.path}: an adapter of ${end} is not supported; those of the layers between are`, {
        hint: 'train one without it (peft: exclude_modules, or target_modules that do not name it)',
      })
    }
    if (module === undefined || !known.has(module)) {
      throw new UserError(`${file.path}: the tensor ${name} belongs to no linear layer of the model`, {
        hint: `adapters of the linear layers of a ${model.family} model are read; is this one another model's?`,
      })
    }
    found.add(module)
  }
  if (found.size === 0) throw new UserError(`${file.path} holds no factors`)
  const modules = [...known.values()].filter(({ name }) => found.has(name))
  return modules.map((module) => {
    const rank = patternValue(config.rankPattern, module.name, config.rank, where)
    const alpha = patternValue(config.alphaPattern, module.name, config.alpha, where)
    const adapted = { ...module, rank, alpha }
    for (const { name, shape } of placesOf(adapted).values()) {
      const entry = file.tensors.get(name)
      if (!entry) throw new UserError(`${file.path} lacks the tensor ${name}`)
      if (entry.shape.join() !== shape.join()) {
        throw new UserError(
          `${file.path}: tensor ${name} has the shape [${entry.shape}], but model and ${adapterConfigFile} give [${shape}]`,
          { hint: "is this another model's adapter?" },
        )
      }
      if (entry.dtype !== 'F32' && entry.dtype !== 'F16' && entry.dtype !== 'BF16') {
        throw new UserError(`${file.path}: tensor ${name} has the dtype ${entry.dtype}; F32, F16 and BF16 are read`)
      }
    }
    return adapted
  })
}

function factorSource(file: SafetensorsFile, modules: AdaptedModule[]): TensorSource {
  const places = new Map(modules.flatMap((module) => [...placesOf(module)]))
  return safetensorsSource(places, () => file, file.close)
}

/**
 * Writes an adapter that peft loads and vLLM serves. `factors` come in any order under the names of {@link factorA} and
 * {@link factorB}, all of one dtype; `sidecars` (the tokenizer's files) are laid beside.
 */
export function writeAdapter(
  directory: string,
  adapter: { config: AdapterConfig; modules: readonly AdaptedModule[]; model: DecoderConfig },
  factors: Iterable<CanonicalTensor>,
  sidecars: ReadonlyMap<string, string | Uint8Array> = new Map(),
): void {
  makeDirectory(directory)
  const places = new Map(adapter.modules.flatMap((module) => [...placesOf(module)]))
  const tensors = [...factors]
  const { dtype } = tensors[0]
  const plan = new Map<string, TensorPlan>()
  for (const { name, shape } of places.values()) plan.set(name, { name, dtype, shape })
  const writer = createSafetensors(join(directory, adapterWeightsFile), [...plan.values()], { format: 'pt' })
  try {
    for (const { name: factor, bytes } of tensors) {
      const place = places.get(factor)!
      eachRun(place, bytes, (run, from) => writer.write(place.name, run, from))
    }
    writer.finish()
  } catch (error) {
    writer.abort()
    throw error
  }
  for (const [name, content] of sidecars) writeAside(join(directory, name), content)
  writeAside(join(directory, adapterConfigFile), `${JSON.stringify(configJson(adapter), null, 2)}\n`)
}

const lastWord = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

function configJson({
  config,
  modules,
  model,
}: {
  config: AdapterConfig
  modules: readonly AdaptedModule[]
  model: DecoderConfig
}): Record<string, unknown> {
  const words = new Set(modules.map(({ name }) => lastWord(name)))
  const adapted = new Set(modules.map(({ name }) => name))
  // A name's last word means that module of every layer; where not all layers are adapted, whole names say which.
  const everywhere = linearModules(model).every(({ name }) => adapted.has(name) || !words.has(lastWord(name)))
  const differing = (of: (module: AdaptedModule) => number, usual: number) =>
    Object.fromEntries(modules.flatMap((module) => (of(module) === usual ? [] : [[module.name, of(module)]])))
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: config.baseModel ?? null,
    inference_mode: true,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    use_rslora: config.rankStabilized,
    target_modules: everywhere ? [...words].sort() : [...adapted],
    rank_pattern: differing(({ rank }) => rank, config.rank),
    alpha_pattern: differing(({ alpha }) => alpha, config.alpha),
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    use_dora: false,
    modules_to_save: null,
    layers_to_transform: null,
    layers_pattern: null,
  }
}
