/** The {@link Backend} of this machine: LibTorch in a worker thread. */
import type { OpenModel } from '../../model/types.js'
import { type EngineOptions, openModelThread } from '../../rollout/model-thread.js'
import type { EngineInfo, SampleEvent } from '../../rollout/service.js'
import type { Dtype } from '../../torch/index.js'
import type { ExactBackend } from '../backend.js'
import { allCapabilities } from '../capabilities.js'
import type { TrainInit } from './service.js'

export interface LocalBackend extends ExactBackend {
  readonly model: OpenModel
}

/** Loads the model that `reference` names; `signal` ends a running call early. */
export async function openLocalBackend(
  reference: string,
  options: Omit<EngineOptions, 'dtype'> & { dtype?: Dtype; signal?: AbortSignal } & Pick<
      TrainInit,
      'optimizerDevice'
    > = {},
): Promise<LocalBackend> {
  const entry = new URL('./worker.js', import.meta.url).href
  const { optimizerDevice } = options
  const { model, thread } = await openModelThread(reference, entry, options, { optimizerDevice })
  const { engine, ...said } = await thread.call<EngineInfo>('info', undefined)
  const cancel = () => thread.cancel()
  options.signal?.addEventListener('abort', cancel)
  /** A call that may end early; a signal from before it counts as well. */
  const cancellable = <R>(method: string, argument: unknown, onEvent?: (event: never) => void): Promise<R> => {
    const result = thread.call<R>(method, argument, onEvent)
    if (options.signal?.aborted) cancel()
    return result
  }
  return {
    model,
    capabilities: allCapabilities,
    info: {
      model: reference,
      ...said,
      vocabSize: model.config.vocabSize,
      device: options.device ?? 'cpu',
      dtype: options.dtype ?? 'float32',
      engine: `libtorch ${engine}`,
    },
    sample: (prompts, sampling, onProgress) =>
      cancellable('sample', { prompts, options: sampling }, (event: SampleEvent) => {
        if (event.kind === 'progress') onProgress?.(event)
      }),
    score: (groups, scoring) => thread.call('score', { groups, ...scoring }),
    update: (groups, update) => cancellable('update', { groups, options: update }),
    freezeReference: () => thread.call('freezeReference', undefined),
    critic: {
      open: (choice) => thread.call('openCritic', choice),
      values: (groups, { tokenBudget }) => thread.call('values', { groups, tokenBudget }),
      update: (groups, update) => cancellable('updateCritic', { groups, options: update }),
    },
    save: (directory, { optimizer }) => thread.call('save', { directory, optimizer }),
    load: (directory, { optimizer }) => thread.call('load', { directory, optimizer }),
    async close() {
      options.signal?.removeEventListener('abort', cancel)
      model.tensors.close()
      await thread.close()
    },
  }
}
