/** What a training run consists of, and the state that it continues from. */
import type { OpenModel } from '../model/types.js'
import type { Task } from '../task/types.js'
import type { Backend } from './backend.js'
import type { EntropyState } from './entropy-control.js'
import type { LoopOptions } from './options.js'

export interface LoopSetup {
  recipe: LoopOptions
  backend: Backend
  /** Tokenizer, chat template and end tokens. */
  model: OpenModel
  task: Task
  evalTask?: Task
  state?: LoopState
  /** Begin with the evaluation of the state's step. */
  evaluate?: boolean
  signal?: AbortSignal
}

/** Where a run is; JSON. */
export interface LoopState {
  step: number
  /** Problems taken from the training stream. */
  position: number
  /** What the entropy control carries; absent before the first step and where it carries nothing. */
  entropy?: EntropyState
  /** The KL term's coefficient as algorithm.klTarget has adapted it; absent: the recipe's. */
  klCoef?: number
}
