/** The seam between a run on disk and what does the work: everything a recipe names, opened. */
import type { Recipe } from '../config/recipe.js'
import type { Backend } from '../train/backend.js'
import type { SavedLoopState } from './checkpoint.js'
import type { ModelShape } from './plan.js'
import type { LoopEvent } from './recorder.js'

export interface Parts {
  backend: Backend
  /**
   * The training loop, from its beginning or from a saved state (the backend is in that state already, and holds the
   * frozen reference where the recipe's KL term needs it). A `step` event is the end of its step: while it is handled
   * the backend's state may be saved. An evaluation of a step follows its `step` event before the next step begins.
   * An error it throws with `policyUnchanged: true` leaves the backend in that step's state, which is then saved.
   * On `signal` the loop returns at the next moment at which the backend is in the state of the last `step` event.
   */
  loop(start: { state?: SavedLoopState; signal?: AbortSignal }): AsyncIterable<LoopEvent>
  close(): Promise<void>
}

export type OpenParts = (recipe: Recipe, options: { signal?: AbortSignal }) => Promise<Parts>

export const openParts: OpenParts = async () => {
  throw new Error('no engine')
}

/** Locates the recipe's model and reads its shape, not its weights. */
export async function describeModel(_recipe: Recipe): Promise<ModelShape> {
  throw new Error('no engine')
}
