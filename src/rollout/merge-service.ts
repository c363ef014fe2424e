/** Merging in the engine's thread: tensor by tensor, from file to file. */
import { openAdapter } from '../model/lora/adapter-file.js'
import { mergedTensors } from '../model/lora/merge.js'
import { openLocalModel } from '../model/open.js'
import { writeModel } from '../model/save.js'
import type { CallContext } from '../torch/thread.js'

export interface MergeInit {
  /** A local directory or `.gguf` file. */
  path: string
  /** A PEFT adapter directory. */
  adapter: string
}

const dtypeNames = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const

export interface MergeProgress {
  tensors: number
  total: number
}

export interface MergeResult {
  directory: string
  dtype: string
  /** Tensors of the saved model, and how many of them the adapter changed. */
  tensors: number
  merged: number
}

export class MergeService {
  readonly #init: MergeInit

  constructor(init: MergeInit) {
    this.#init = init
  }

  merge(
    { directory, dtype }: { directory: string; dtype?: 'float32' | 'bfloat16' | 'float16' },
    { emit }: CallContext,
  ): MergeResult {
    const model = openLocalModel(this.#init.path)
    try {
      const adapter = openAdapter(this.#init.adapter, model.config)
      try {
        const total = model.tensors.tensors.size
        const result = { directory, dtype: '', tensors: 0, merged: 0 }
        const counted = function* () {
          for (const { merged, dtype: written, ...tensor } of mergedTensors(model, adapter, dtype)) {
            result.tensors++
            if (merged) result.merged++
            result.dtype = dtypeNames[written]
            emit({ tensors: result.tensors, total } satisfies MergeProgress)
            yield { ...tensor, dtype: written }
          }
        }
        writeModel(directory, model, counted())
        return result
      } finally {
        adapter.tensors.close()
      }
    } finally {
      model.tensors.close()
    }
  }
}
