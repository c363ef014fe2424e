/** What a training run consists of, and the state that it continues from. */
import type { OpenModel } from '../model/types.js'
import type { Task } from '../task/types.js'
import type { Backend } from './backend.js'
import type { LoopState } from './loop-state.js'
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
