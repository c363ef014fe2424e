/** What a recipe keeps of the policy that its run begins with. */
import type { Backend } from './backend.js'
import type { LoopOptions } from './options.js'
import { openCritic } from './ppo/open-critic.js'

/**
 * Freezes the reference and makes the critic, where the recipe needs them. Call it once, before a checkpoint is loaded:
 * both begin as the starting policy.
 * @throws UserError where the recipe needs a critic and the backend has none
 */
export async function preparePolicy(backend: Backend, recipe: LoopOptions): Promise<void> {
  if (recipe.algorithm.klCoef > 0) await backend.freezeReference()
  await openCritic(backend, recipe)
}
