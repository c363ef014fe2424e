/** A Hugging Face model directory: `config.json`, safetensors in one file or in shards, and small files beside them. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../base/errors.js'
import { cut, shown } from '../base/shown.js'
import { parseConfig } from './config.js'
import type { StoredTensor } from './families/family.js'
import { readBytes, readText, statAt } from './file.js'
import { isObject, readJsonObject } from './json.js'
import { dtypeBytes, openSafetensors, type SafetensorsFile } from './safetensors.js'
import { safetensorsSource, storedEnds, storedTensors } from './stored.js'
import type { DecoderConfig, TensorSource } from './types.js'
import { shardsOf } from './weight-index.js'

const singleFile = 'model.safetensors'
const indexFile = 'model.safetensors.index.json'

/** Files that a saved model carries along unread: the tokenizer's, generation settings and a family's own modules. */
const sidecarPattern = /\.(json|jinja|txt|model|py)$|^(LICENSE|NOTICE|USE_POLICY)/i
const maxSidecarBytes = 2 ** 26

/** Reads the configuration, with the generation settings' end tokens. */
export function readDirectoryConfig(directory: string): DecoderConfig {
  const path = join(directory, 'config.json')
  if (!existsSync(path)) {
    throw new UserError(`${directory} is not a model directory: it has no config.json`, {
      hint: existsSync(directory) ? modelWithin(directory) : undefined,
    })
  }
  const generation = join(directory, 'generation_config.json')
  return parseConfig(readJsonObject(path), path, existsSync(generation) ? readJsonObject(generation) : undefined)
}

/** Where a directory that is no model holds one: a GGUF file, or the last checkpoint of a run. */
function modelWithin(directory: string): string | undefined {
  const gguf = readdirSync(directory).find((name) => /\.gguf$/i.test(name))
  if (gguf !== undefined) return `name the GGUF file in it: ${join(directory, gguf)}`
  const isModel = (path: string) => ['config.json', 'adapter_config.json'].some((name) => existsSync(join(path, name)))
  const checkpoints = join(directory, 'checkpoints')
  const last = (statAt(checkpoints)?.isDirectory() ? readdirSync(checkpoints).sort() : [])
    .map((name) => join(checkpoints, name, 'model'))
    .filter(isModel)
    .at(-1)
  const found = isModel(join(directory, 'model')) ? join(directory, 'model') : last
  return found && `name the model in it: ${found}`
}

/** Whether the directory holds safetensors weights, all shards that its index names. */
export function hasWeights(directory: string): boolean {
  const has = (name: string): boolean => existsSync(join(directory, name))
  return has(singleFile) || (has(indexFile) && shardsOf(readText(join(directory, indexFile))).every(has))
}

const isPickled = (name: string): boolean => /\.(bin|pth?|ckpt)$/.test(name)

/** Whether the directory holds weights that are not read as they are: pickled, or in a GGUF file. */
export const hasOtherWeights = (directory: string): boolean =>
  readdirSync(directory).some((name) => isPickled(name) || /\.gguf$/i.test(name))

/** Small files beside the weights, without `config.json` and weight indices, which a save writes anew. */
export function readSidecars(directory: string): Map<string, string | Uint8Array> {
  const sidecars = new Map<string, string | Uint8Array>()
  for (const name of readdirSync(directory).sort()) {
    if (!sidecarPattern.test(name) || name === 'config.json' || name.endsWith('.index.json')) continue
    const path = join(directory, name)
    const stat = statAt(path)
    if (!stat?.isFile() || stat.size > maxSidecarBytes) continue
    sidecars.set(name, name.endsWith('.model') ? readBytes(path) : readText(path))
  }
  return sidecars
}

/**
 * The checkpoint's tensors under canonical names, every one of them checked against the configuration.
 *
 * @throws UserError naming file and tensor for a malformed file, a missing or unknown tensor, a wrong shape or dtype
 */
export function openDirectoryTensors(directory: string, config: DecoderConfig): TensorSource {
  const { files, located } = openShards(directory)
  const close = (): void => {
    for (const file of files.values()) file.close()
  }
  try {
    return sourceOf(storedTensors(config), located, directory, config, close)
  } catch (error) {
    close()
    throw error
  }
}

/** Every stored tensor and the open file that holds it. */
function openShards(directory: string): { files: Map<string, SafetensorsFile>; located: Map<string, SafetensorsFile> } {
  const files = new Map<string, SafetensorsFile>()
  const located = new Map<string, SafetensorsFile>()
  const open = (name: string): SafetensorsFile => {
    const file = files.get(name) ?? openSafetensors(join(directory, name))
    files.set(name, file)
    return file
  }
  try {
    if (existsSync(join(directory, singleFile))) {
      const file = open(singleFile)
      for (const name of file.tensors.keys()) located.set(name, file)
    } else {
      for (const [name, shard] of readIndex(directory)) {
        const file = open(shard)
        if (!file.tensors.has(name)) {
          throw new UserError(`${file.path} lacks the tensor ${name}, which ${join(directory, indexFile)} places there`)
        }
        located.set(name, file)
      }
    }
    return { files, located }
  } catch (error) {
    for (const file of files.values()) file.close()
    throw error
  }
}

function readIndex(directory: string): [tensor: string, shard: string][] {
  const path = join(directory, indexFile)
  if (!existsSync(path)) {
    const pickled = readdirSync(directory).find(isPickled)
    throw new UserError(`${directory} has neither ${singleFile} nor ${indexFile}`, {
      hint: pickled && `${pickled} is a pickled checkpoint, which is not read: save the model with safetensors`,
    })
  }
  const map = readJsonObject(path).weight_map
  if (!isObject(map)) throw new UserError(`${path} has no weight_map`)
  for (const [name, shard] of Object.entries(map)) {
    // A shard lies beside its index; anything that could leave the directory is not a shard's name.
    if (typeof shard !== 'string' || !/^[^/\\]+\.safetensors$/.test(shard)) {
      throw new UserError(`${path} places the tensor ${name} in ${shown(shard)}, which is no shard beside it`)
    }
  }
  return Object.entries(map) as [string, string][]
}

/** A config that ties the head beside weights that do not: transformers uses the stored head then, whatever is said. */
function requireTied(directory: string, config: DecoderConfig, located: Map<string, SafetensorsFile>): void {
  const { embedding, head } = storedEnds(config)
  if (!located.has(head) || sameTensor([located.get(head)!, head], [located.get(embedding)!, embedding])) return
  throw new UserError(
    `${directory}: config.json says tie_word_embeddings, but the stored ${head} differs from ${embedding}`,
    { hint: 'set tie_word_embeddings to false to use the stored head, or remove it from the weights' },
  )
}

function sameTensor(...pair: [[SafetensorsFile, string], [SafetensorsFile, string]]): boolean {
  const [a, b] = pair.map(([file, name]) => file.tensors.get(name)!)
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false
  const total = a.shape.reduce((product, size) => product * size, dtypeBytes[a.dtype])
  const chunk = 2 ** 24
  for (let at = 0; at < total; at += chunk) {
    const [left, right] = pair.map(([file, name]) => {
      const bytes = new Uint8Array(Math.min(chunk, total - at))
      file.readInto(name, bytes, at)
      return bytes
    })
    if (Buffer.compare(left, right) !== 0) return false
  }
  return true
}

function sourceOf(
  stored: Map<string, StoredTensor>,
  located: Map<string, SafetensorsFile>,
  directory: string,
  config: DecoderConfig,
  close: () => void,
): TensorSource {
  const known = new Set([...stored.values()].map(({ name }) => name))
  const tiedHead = config.tieWordEmbeddings ? storedEnds(config).head : undefined
  // Old checkpoints hold buffers that the forward pass computes by itself, and some a tied head all the same.
  const ignored = (name: string) => name.endsWith('.rotary_emb.inv_freq') || name === tiedHead
  const unknown = [...located.keys()].filter((name) => !known.has(name) && !ignored(name))
  const missing = [...known].filter((name) => !located.has(name))
  if (missing.length > 0) {
    throw new UserError(`${directory} lacks ${list(missing)}, which its config.json calls for`)
  }
  if (unknown.length > 0) {
    throw new UserError(
      `${located.get(unknown[0])!.path} holds ${list(unknown)}, which the config.json does not call for`,
    )
  }
  if (config.tieWordEmbeddings) requireTied(directory, config, located)
  for (const { name, shape } of stored.values()) {
    const file = located.get(name)!
    const entry = file.tensors.get(name)!
    if (entry.shape.join() !== shape.join()) {
      throw new UserError(
        `${file.path}: tensor ${name} has the shape [${entry.shape}], but the config.json gives [${shape}]`,
      )
    }
    const { dtype } = entry
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
      throw new UserError(`${file.path}: tensor ${name} has the dtype ${dtype}; weights are read as F32, F16 or BF16`)
    }
  }
  return safetensorsSource(stored, ({ name }) => located.get(name)!, close)
}

function list(names: string[]): string {
  const first = names
    .slice(0, 3)
    .map((name) => cut(name, 100))
    .join(', ')
  return names.length === 1
    ? `the tensor ${first}`
    : `${names.length} tensors (${first}${names.length > 3 ? ', ...' : ''})`
}
