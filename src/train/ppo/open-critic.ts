/** Makes a recipe's critic. */
import { UserError } from '../../base/errors.js'
import type { Backend } from '../backend.js'
import type { LoopOptions } from '../options.js'

/**
 * Before a checkpoint is loaded: the critic begins as the starting policy, and a checkpoint fills what is trained of it.
 * @throws UserError where the recipe needs a critic and the backend has none.
 */
export async function openCritic({ critic, info }: Backend, recipe: LoopOptions): Promise<void> {
  if (!recipe.critic) return
  if (!critic) {
    throw new UserError(`algorithm.name ppo needs a critic, and ${info.engine} has none`, {
      hint: 'set algorithm.name: grpo, or train on this machine',
    })
  }
  await critic.open({ trunk: recipe.critic.trunk })
}
