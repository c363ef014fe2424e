/**
 * Saving a model as its family's Hugging Face directory: canonical tensors go back to the names and the packing that
 * the family's own files have, so that transformers and vLLM load the directory.
 */

import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../base/make-directory.js'
import type { StoredTensor } from './families/family.js'
import { createSafetensors, type SafetensorsWriter, type TensorPlan, tensorBytes } from './safetensors-write.js'
import { canonicalShape, eachRun, storedTensors } from './stored.js'
import type { OpenModel, SourceDtype } from './types.js'

/** A canonical tensor with its bytes (row-major, little-endian). */
export interface CanonicalTensor {
  name: string
  dtype: SourceDtype
  shape: readonly number[]
  bytes: Uint8Array
}

export interface WriteModelOptions {
  /** Weights are split into files of at most this many bytes (a larger tensor has its own). Default 5 GB. */
  maxShardBytes?: number
}

const torchDtypes: Record<SourceDtype, string> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }

/**
 * Writes config.json, the sidecars and the weights into `directory` (made where absent). `tensors` may come lazily and
 * in any order; each is written before the next is asked for. All have one dtype, and every tensor of the config must
 * come. Files are written aside and renamed; weight files of an earlier save are removed at the end.
 */
export function writeModel(
  directory: string,
  model: Pick<OpenModel, 'config' | 'sidecars'>,
  tensors: Iterable<CanonicalTensor>,
  options: WriteModelOptions = {},
): void {
  const { maxShardBytes = 5e9 } = options
  makeDirectory(directory)
  const stored = storedTensors(model.config)
  const iterator = tensors[Symbol.iterator]()
  let next = iterator.next()
  if (next.done) throw new Error('a model without tensors cannot be saved')
  const { dtype } = next.value
  const shards = planShards(stored, dtype, maxShardBytes)
  const writers = new Map<string, SafetensorsWriter>()
  try {
    for (const [file, plan] of shards) {
      writers.set(file, createSafetensors(join(directory, file), plan, { format: 'pt' }))
    }
    const fileOf = new Map([...shards].flatMap(([file, plan]) => plan.map(({ name }) => [name, file] as const)))
    const missing = new Set(stored.keys())
    for (; !next.done; next = iterator.next()) {
      const tensor = next.value
      const place = stored.get(tensor.name)
      if (place === undefined) throw new Error(`the config has no tensor ${tensor.name}`)
      if (tensor.dtype !== dtype)
        throw new Error(`${tensor.name} is ${tensor.dtype}, but the model is saved as ${dtype}`)
      if (!missing.delete(tensor.name)) throw new Error(`${tensor.name} came twice`)
      writeTensor(writers.get(fileOf.get(place.name)!)!, place, tensor)
    }
    if (missing.size > 0)
      throw new Error(`${missing.size} tensors did not come: ${[...missing].slice(0, 3).join(', ')}`)
    for (const writer of writers.values()) writer.finish()
  } catch (error) {
    for (const writer of writers.values()) writer.abort()
    throw error
  }
  if (shards.size > 1) writeAside(join(directory, indexName), toJson(shardIndex(shards)))
  for (const [name, content] of model.sidecars) writeAside(join(directory, name), content)
  writeAside(join(directory, 'config.json'), configJson(savedConfig(model.config.raw, dtype)))
  removeOtherWeights(directory, shards)
}

const indexName = 'model.safetensors.index.json'

function writeTensor(writer: SafetensorsWriter, place: StoredTensor, { name, shape, bytes }: CanonicalTensor): void {
  const expected = canonicalShape(place)
  if (shape.join() !== expected.join()) {
    throw new Error(`${name} has the shape [${shape}], but the config gives [${expected}]`)
  }
  eachRun(place, bytes, (run, from) => writer.write(place.name, run, from))
}

/** Files and the stored tensors of each; one file where all fit into it. */
function planShards(
  stored: ReadonlyMap<string, StoredTensor>,
  dtype: SourceDtype,
  maxShardBytes: number,
): Map<string, TensorPlan[]> {
  const shards: TensorPlan[][] = []
  let room = 0
  for (const { name, shape } of new Map([...stored.values()].map((place) => [place.name, place])).values()) {
    const plan: TensorPlan = { name, dtype, shape }
    const bytes = tensorBytes(plan)
    if (shards.length === 0 || bytes > room) {
      shards.push([])
      room = maxShardBytes
    }
    shards[shards.length - 1].push(plan)
    room -= bytes
  }
  if (shards.length === 1) return new Map([['model.safetensors', shards[0]]])
  const five = (value: number): string => String(value).padStart(5, '0')
  return new Map(shards.map((plan, i) => [`model-${five(i + 1)}-of-${five(shards.length)}.safetensors`, plan]))
}

function shardIndex(shards: ReadonlyMap<string, TensorPlan[]>): unknown {
  const total = [...shards.values()].flat().reduce((sum, plan) => sum + tensorBytes(plan), 0)
  const places = [...shards].flatMap(([file, plan]) => plan.map(({ name }) => [name, file] as const))
  return { metadata: { total_size: total }, weight_map: Object.fromEntries(places) }
}

/** The family's own fields as they were read, with the dtype of the saved weights under the name the config uses. */
function savedConfig(raw: Record<string, unknown>, dtype: SourceDtype): unknown {
  const field = 'dtype' in raw ? 'dtype' : 'torch_dtype'
  return { ...raw, [field]: torchDtypes[dtype] }
}

/**
 * Fields that are floats in Python: JSON.parse has made 4.0 into 4, and older transformers refuse an integer there.
 */
const floatField =
  /^(\s*"(?:rope_theta|factor|low_freq_factor|high_freq_factor|beta_fast|beta_slow|attention_factor|mscale|mscale_all_dim|attention_dropout)": -?\d+)(,?)$/gm

const configJson = (config: unknown): string => toJson(config).replace(floatField, '$1.0$2')

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Writes a small file beside its place, synced, then renamed. */
export function writeAside(path: string, content: string | Uint8Array): void {
  const aside = `${path}.writing`
  const fd = openSync(aside, 'w')
  try {
    writeFileSync(fd, content)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(aside, path)
}

/** Weights left by an earlier save into the same directory would be taken for these, or beside them. */
function removeOtherWeights(directory: string, shards: ReadonlyMap<string, unknown>): void {
  for (const name of readdirSync(directory)) {
    const isWeights = /^model(-\d{5}-of-\d{5})?\.safetensors$/.test(name) || name === indexName
    const isOurs = shards.has(name) || (name === indexName && shards.size > 1)
    if (isWeights && !isOurs) rmSync(join(directory, name))
  }
}
