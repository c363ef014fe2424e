/** A policy in the engine's thread: what a {@link Backend} on this machine does. */

import { dirname, join } from 'node:path'
import { makeDirectory } from '../../base/make-directory.js'
import { copyDecoder, shareWeights } from '../../model/copy.js'
import type { Decoder } from '../../model/decoder.js'
import { openAdapter } from '../../model/lora/adapter-file.js'
import { openLocalModel } from '../../model/open.js'
import { exportAll, fillParameter } from '../../model/parameters.js'
import { writeModel } from '../../model/save.js'
import { type ScoreGroup, scoreCompletions } from '../../rollout/scoring.js'
import { type ModelInit, ModelService, type SampleCall } from '../../rollout/service.js'
import { parseDevice, releaseFreedMemory } from '../../torch/index.js'
import type { CallContext } from '../../torch/thread.js'
import type { TrainGroup, UpdateOptions } from '../backend.js'
import type { CompletionGroup, CriticUpdateOptions, ValueGroup } from '../ppo/critic.js'
import type { CriticTrunk } from '../ppo/section.js'
import { Critic } from './critic.js'
import { readCritic, writeCritic } from './critic-file.js'
import { Learner } from './learner.js'
import { type OptimizerPlace, placeOn } from './optimizer.js'
import { readOptimizer, writeOptimizer } from './optimizer-file.js'

const optimizerFile = 'optimizer.safetensors'

export interface TrainInit extends ModelInit {
  /** Where the optimizer's state lies; absent: with the policy. */
  optimizerDevice?: string
}

export class PolicyService extends ModelService {
  readonly #learner: Learner
  readonly #beganWithAdapter: boolean
  readonly #place: OptimizerPlace
  #reference: Decoder | undefined
  #critic: Critic | undefined

  constructor(init: TrainInit) {
    super(init)
    const { adapter } = this
    this.#place = placeOn(init.optimizerDevice === undefined ? this.device : parseDevice(init.optimizerDevice))
    this.#learner = new Learner(this.model, {
      lora: adapter && { adapter, dropout: init.adapter?.dropout },
      place: this.#place,
    })
    this.#beganWithAdapter = init.adapter?.from !== undefined
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

  override sample(call: SampleCall, context: CallContext) {
    return asPhase(() => super.sample(call, context))
  }

  update({ groups, options }: { groups: TrainGroup[]; options: UpdateOptions }, { cancelled }: CallContext) {
    return asPhase(() => this.#learner.update(groups, options, cancelled))
  }

  freezeReference(): void {
    if (this.adapter === undefined && this.#reference !== this.#critic?.trunk) this.#reference?.dispose()
    this.#reference = this.#startingPolicy()
  }

  /** The present policy, to stay as it is. The base of an adapter needs no copy: its weights never change. */
  #startingPolicy(): Decoder {
    if (!this.adapter) return copyDecoder(this.model, { head: true })
    const base = shareWeights(this.model)
    // A new adapter changes nothing yet.
    if (this.#beganWithAdapter) this.adapter.copy().attach(base)
    return base
  }

  /** A frozen trunk is the reference itself: both are the starting policy. */
  openCritic({ trunk }: { trunk: CriticTrunk }): void {
    this.#critic?.dispose()
    if (trunk === 'own') {
      this.#critic = new Critic(copyDecoder(this.model, { head: false }), trunk, this.#place)
      return
    }
    this.#reference ??= this.#startingPolicy()
    this.#critic = new Critic(this.#reference, trunk, this.#place)
  }

  values({ groups, ...options }: { groups: CompletionGroup[]; tokenBudget: number }) {
    return this.#openCritic().values(groups, options)
  }

  updateCritic(
    { groups, options }: { groups: ValueGroup[]; options: CriticUpdateOptions },
    { cancelled }: CallContext,
  ) {
    return this.#openCritic().update(groups, options, cancelled)
  }

  #openCritic(): Critic {
    if (!this.#critic) throw new Error('no critic has been opened')
    return this.#critic
  }

  /** `directory`: a Hugging Face directory, a PEFT one of an adapter; the optimizer's state and the critic lie beside. */
  save({ directory, optimizer }: { directory: string; optimizer: boolean }): void {
    makeDirectory(directory)
    if (this.adapter) this.adapter.write(directory, this.opened.sidecars)
    else writeModel(directory, this.opened, exportAll(this.model.list()))
    if (!optimizer) return
    const beside = dirname(directory)
    writeOptimizer(join(beside, optimizerFile), this.#learner.optimizer)
    if (this.#critic) writeCritic(beside, this.#critic)
  }

  load({ directory, optimizer }: { directory: string; optimizer: boolean }): void {
    const { tensors } = this.adapter ? openAdapter(directory, this.model.config) : openLocalModel(directory)
    try {
      for (const parameter of this.adapter?.parameters() ?? this.model.list()) fillParameter(parameter, tensors)
    } finally {
      tensors.close()
    }
    if (!optimizer) {
      this.#learner.optimizer.forgetMasters()
      return
    }
    const beside = dirname(directory)
    readOptimizer(join(beside, optimizerFile), this.#learner.optimizer)
    if (this.#critic) readCritic(beside, this.#critic)
  }
}

/** What a phase has freed is no use to the next one, whose tensors have other sizes. */
function asPhase<T>(work: () => T): T {
  try {
    return work()
  } finally {
    releaseFreedMemory()
  }
}
