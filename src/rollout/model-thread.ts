/** Opens a model: located and validated here, its weights loaded in the engine's thread. */
import { withProgress } from '../fetch/progress.js'
import { openModel } from '../model/open.js'
import type { OpenModel } from '../model/types.js'
import type { Dtype } from '../torch/index.js'
import { type EngineThread, startThread } from '../torch/thread.js'
import type { ModelInit } from './service.js'

export interface EngineOptions {
  device?: string
  /** The weights' type, or how to choose it for the model. Default float32. */
  dtype?: Dtype | ((model: OpenModel) => Dtype)
  threads?: number
}

export interface ModelThread {
  model: OpenModel
  thread: EngineThread
}

export const openModelWithProgress = (reference: string): Promise<OpenModel> =>
  withProgress(reference, (onProgress) =>
    openModel(reference, { onProgress: (progress) => onProgress({ stage: 'downloading', ...progress }) }),
  )

/** `entry`: the worker's module; its hosted object is made from {@link ModelInit}. */
export async function openModelThread(reference: string, entry: string, options: EngineOptions): Promise<ModelThread> {
  const model = await openModelWithProgress(reference)
  const { device = 'cpu', threads } = options
  const dtype = typeof options.dtype === 'function' ? options.dtype(model) : (options.dtype ?? 'float32')
  const init: ModelInit = { path: model.path, device, dtype }
  return { model, thread: await startThread(entry, init, { threads }) }
}

/** Every id that ends a completion: the model's and the tokenizer's. */
export const stopTokensOf = ({ config, tokenizer }: OpenModel): number[] => [
  ...new Set([...config.eosTokenIds, ...tokenizer.eosTokenIds]),
]
