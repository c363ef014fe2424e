/** A model opened for {@link alternativesOf} alone, in a thread of its own. */
import { Failure } from '../base/errors.js'
import { openModel } from '../model/open.js'
import type { OpenModel } from '../model/types.js'
import { ensureTorch } from '../torch/install/index.js'
import { type EngineThread, startThread } from '../torch/thread.js'
import type { Alternatives, AlternativesCall } from './alternatives.js'
import type { ModelInit } from './service.js'

export interface AlternativesModel {
  model: OpenModel
  parameters: number
  ask(call: AlternativesCall): Promise<Alternatives>
  close(): Promise<void>
}

/** Memory that must be free, as a multiple of the weights. */
const roomFactor = 1.5
const gib = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(2)} GiB`

/**
 * Opens a model that is on this machine, in a thread of its own, on the processor. Nothing is downloaded.
 * @throws UserError where the model or LibTorch is not here; Failure for a model that the free memory does not hold.
 */
export async function openAlternatives(
  reference: string,
  { threads = 1 }: { threads?: number } = {},
): Promise<AlternativesModel> {
  await ensureTorch({ offline: true })
  const model = await openModel(reference, { offline: true })
  let parameters = 0
  for (const { shape } of model.tensors.tensors.values()) parameters += shape.reduce((a, b) => a * b, 1)
  model.tensors.close()
  const bytes = 4 * parameters
  if (bytes * roomFactor > process.availableMemory()) {
    throw new Failure(
      `the model takes ${gib(bytes)} in float32, and ${gib(process.availableMemory())} of memory are free`,
    )
  }
  const { path, adapter } = model
  const init: ModelInit = {
    path,
    device: 'cpu',
    dtype: 'float32',
    ...(adapter === undefined ? {} : { adapter: { from: adapter, baseModel: path } }),
  }
  const thread: EngineThread = await startThread(new URL('./worker.js', import.meta.url).href, init, { threads })
  return {
    model,
    parameters,
    ask: (call) => thread.call<Alternatives>('alternatives', call),
    close: () => thread.close(),
  }
}
