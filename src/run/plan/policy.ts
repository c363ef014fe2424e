/** What a recipe's policy is, before it is loaded. */
import type { ModelSketch } from '../../model/open.js'
import type { Recipe } from '../../recipe/schema.js'
import { sketchModelWithProgress } from '../../rollout/model-thread.js'
import { requireBase } from '../../train/local/policy.js'

/**
 * What the small files of the recipe's base model tell, and whether its adapter goes with it.
 * @throws UserError for a model that cannot be had, and for an adapter in a model's place
 */
export async function sketchPolicy(recipe: Pick<Recipe, 'model' | 'lora'>): Promise<ModelSketch> {
  requireBase(recipe)
  const model = await sketchModelWithProgress(recipe.model, recipe.lora?.from)
  requireBase(recipe, model)
  return model
}
