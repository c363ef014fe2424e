/** Opens a model: located and validated here, its weights loaded in the engine's thread. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { withProgress } from '../fetch/progress.js'
import type { LoraInit } from '../model/lora/lora.js'
import { type ModelSketch, openModel, sketchModel } from '../model/open.js'
import type { OpenModel, TextModel } from '../model/types.js'
import type { Dtype } from '../torch/index.js'
import { type EngineThread, startThread } from '../torch/thread.js'
import type { ModelInit } from './service.js'

export interface EngineOptions {
  device?: string
  /** The weights' type, or how to choose it for the model. Default float32. */
  dtype?: Dtype | ((model: OpenModel) => Dtype)
  threads?: number
  /** A PEFT adapter that goes with the model: its directory or a hub id. */
  adapter?: string
  /** A new adapter to train, or how to train that of `adapter`. */
  lora?: Omit<LoraInit, 'baseModel' | 'from'>
}

export interface ModelThread {
  model: OpenModel
  thread: EngineThread
}

export const openModelWithProgress = (reference: string, adapter?: string): Promise<OpenModel> =>
  withProgress(reference, (onProgress) =>
    openModel(reference, { adapter, onProgress: (progress) => onProgress({ stage: 'downloading', ...progress }) }),
  )

/** What the model's small files tell; its weights are not fetched. */
export const sketchModelWithProgress = (reference: string, adapter?: string): Promise<ModelSketch> =>
  withProgress(reference, (onProgress) =>
    sketchModel(reference, { adapter, onProgress: (progress) => onProgress({ stage: 'downloading', ...progress }) }),
  )

/** `entry`: the worker's module; its hosted object is made from {@link ModelInit} and `extra`. */
export async function openModelThread(
  reference: string,
  entry: string,
  options: EngineOptions,
  extra: object = {},
): Promise<ModelThread> {
  const model = await openModelWithProgress(reference, options.adapter)
  const { device = 'cpu', threads, lora } = options
  const dtype = typeof options.dtype === 'function' ? options.dtype(model) : (options.dtype ?? 'float32')
  const adapter =
    model.adapter === undefined && lora === undefined
      ? undefined
      : { ...lora, from: model.adapter, baseModel: baseName(model) }
  const init: ModelInit = { path: model.path, device, dtype, adapter }
  return { model, thread: await startThread(entry, { ...init, ...extra }, { threads }) }
}

/** What an adapter's config calls its base: a path that holds in every directory, else the name as it was given. */
const baseName = ({ reference, path }: OpenModel): string =>
  resolve(reference.replace(/^~(?=\/)/, homedir())) === path ? path : reference

/** Every id that ends a completion: the model's and the tokenizer's. */
export const stopTokensOf = ({ config, tokenizer }: TextModel): number[] => [
  ...new Set([...config.eosTokenIds, ...tokenizer.eosTokenIds]),
]
