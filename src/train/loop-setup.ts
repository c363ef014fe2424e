/** What a training run consists of, and the state that it continues from. */
import type { Sampler } from '../rollout/sampler-kind.js'
import type { Task } from '../task/types.js'
import type { Backend } from './backend.js'
import type { LoopState } from './loop-state.js'
import type { LoopOptions } from './options.js'

export interface LoopSetup {
  recipe: LoopOptions
  /** In the state's policy; it holds the reference and the critic that the recipe needs (prepare.ts). */
  backend: Backend
  /** Draws the completions; absent: the backend does. */
  sampler?: Sampler
  task: Task
  evalTask?: Task
  state?: LoopState
  /** Begin with the evaluation of the state's step. */
  evaluate?: boolean
  signal?: AbortSignal
}
