/** Makes a recipe's critic. */
import { UserError } from '../../config/errors.js'
import type { Recipe } from '../../config/recipe.js'
import type { Backend } from '../backend.js'

/**
 * Before a checkpoint is loaded: the critic begins as the starting policy, and a checkpoint fills what is trained of it.
 * @throws UserError where the recipe needs a critic and the backend has none.
 */
export async function openCritic({ critic, info }: Backend, recipe: Recipe): Promise<void> {
  if (!recipe.critic) return
  if (!critic) {
    throw new UserError(`algorithm.name ppo needs a critic, and ${info.engine} has none`, {
      hint: 'set algorithm.name: grpo, or train on this machine',
    })
  }
  await critic.open({ trunk: recipe.critic.trunk })
}
