/** A policy in the engine's thread: what a {@link Backend} on this machine does. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../config/errors.js'
import { Decoder } from '../../model/decoder.js'
import { openLocalModel } from '../../model/open.js'
import { buildParameters, exportParts, fillParameter, parameterList } from '../../model/parameters.js'
import { openSafetensors } from '../../model/safetensors.js'
import { writeSafetensors } from '../../model/safetensors-write.js'
import { writeModel } from '../../model/save.js'
import { type ScoreGroup, scoreCompletions } from '../../rollout/scoring.js'
import { type ModelInit, ModelService } from '../../rollout/service.js'
import { copyInto, empty, noGrad, scope, type Tensor } from '../../torch/index.js'
import type { CallContext } from '../../torch/thread.js'
import type { TrainGroup, UpdateOptions } from '../backend.js'
import { Learner } from './learner.js'

const countKey = 'updates'
const optimizerFile = 'optimizer.safetensors'

export class PolicyService extends ModelService {
  readonly #learner: Learner
  #reference: Decoder | undefined

  constructor(init: ModelInit) {
    super(init)
    this.#learner = new Learner(this.model)
  }

  override score(call: {
    groups: ScoreGroup[]
    temperature: number
    tokenBudget: number
    model?: 'policy' | 'reference'
  }) {
    if (call.model !== 'reference') return super.score(call)
    if (!this.#reference) throw new Error('no reference has been frozen')
    return scoreCompletions(this.#reference, call.groups, call)
  }

  update({ groups, options }: { groups: TrainGroup[]; options: UpdateOptions }, { cancelled }: CallContext) {
    return this.#learner.update(groups, options, cancelled)
  }

  freezeReference(): void {
    this.#reference?.dispose()
    const { config, device, dtype } = this.model
    const own = parameterList(this.model.parameters)
    let next = 0
    const copy = buildParameters(config, device, dtype, ({ value }) => noGrad(() => copyInto(value, own[next++].value)))
    this.#reference = new Decoder(config, copy, device)
  }

  /** `directory`: the Hugging Face directory; the optimizer's state lies beside it. */
  save({ directory, optimizer }: { directory: string; optimizer: boolean }): void {
    mkdirSync(directory, { recursive: true })
    const tensors = parameterList(this.model.parameters)
    writeModel(
      directory,
      this.opened,
      (function* () {
        for (const parameter of tensors) yield* exportParts(parameter)
      })(),
    )
    if (!optimizer) return
    const moments = [...this.#learner.optimizer.moments()].map(({ name, tensor }) => ({
      name,
      dtype: 'F32' as const,
      shape: tensor.shape,
      bytes: () => floatBytes(tensor),
    }))
    writeSafetensors(join(dirname(directory), optimizerFile), moments, {
      [countKey]: String(this.#learner.optimizer.count),
    })
  }

  load({ directory, optimizer }: { directory: string; optimizer: boolean }): void {
    const saved = openLocalModel(directory)
    try {
      for (const parameter of parameterList(this.model.parameters)) fillParameter(parameter, saved.tensors)
    } finally {
      saved.tensors.close()
    }
    if (!optimizer) return
    const path = join(dirname(directory), optimizerFile)
    if (!existsSync(path)) throw new UserError(`${path} does not exist: the checkpoint has no optimizer state`)
    const file = openSafetensors(path)
    try {
      const count = Number(file.metadata[countKey])
      if (!Number.isInteger(count)) throw new UserError(`${path}: its header does not say how many updates were made`)
      this.#learner.optimizer.restore(count, (name, tensor) =>
        scope(() => {
          const entry = file.tensors.get(name)
          if (entry?.bytes !== tensor.size * 4) throw new UserError(`${path}: ${name} is missing or of another size`)
          const host = empty(tensor.shape)
          const view = host.data()
          file.readInto(name, new Uint8Array(view.buffer, view.byteOffset, entry.bytes))
          noGrad(() => copyInto(tensor, host))
        }),
      )
    } finally {
      file.close()
    }
  }
}

function floatBytes(tensor: Tensor): Uint8Array {
  return scope(() => {
    const host = empty(tensor.shape)
    copyInto(host, tensor)
    const view = host.data()
    return new Uint8Array(view.buffer, view.byteOffset, tensor.size * 4).slice()
  })
}
