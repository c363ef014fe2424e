/** The policy that a recipe of either kind trains: its base model with all weights, or with an adapter. */
import { UserError } from '../../base/errors.js'
import { isAdapterDirectory } from '../../model/lora/adapter-config.js'
import { loraSettings } from '../../model/lora/section.js'
import type { ModelSketch } from '../../model/open.js'
import type { OpenModel } from '../../model/types.js'
import type { Recipe, Resolved } from '../../recipe/schema.js'
import { sketchModelWithProgress } from '../../rollout/model-thread.js'
import { type LocalBackend, openLocalBackend } from '../../train/local/backend.js'

type PolicyRecipe = Resolved<Pick<Recipe, 'model' | 'device' | 'dtype' | 'threads' | 'lora' | 'seed'>> & {
  train: Pick<Recipe['train'], 'optimizerDevice'>
}

/** @throws UserError for a model that cannot be had, and for an adapter in a model's place */
export async function openPolicy(recipe: PolicyRecipe, signal?: AbortSignal): Promise<LocalBackend> {
  requireBase(recipe)
  const { model: reference, device, dtype, threads } = recipe
  const adapter = recipe.lora?.from
  const lora = loraSettings(recipe)
  const { optimizerDevice } = recipe.train
  const options = { device, dtype, threads, signal, adapter, lora, optimizerDevice }
  const backend = await openLocalBackend(reference, options)
  try {
    requireBase(recipe, backend.model)
  } catch (error) {
    await backend.close()
    throw error
  }
  return backend
}

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

/**
 * An adapter opens as a model, but only its recipe can say whether to go on with it or to leave it out. What the hub has by
 * that name is known once it is `opened`.
 */
export function requireBase(
  { model, lora }: Pick<Recipe, 'model' | 'lora'>,
  opened: Pick<OpenModel, 'adapter'> = {},
): void {
  const given = opened.adapter !== undefined && lora?.from === undefined
  if (!given && !isAdapterDirectory(model)) return
  throw new UserError(`model: ${model} is a PEFT adapter`, {
    hint: 'set model to its base and lora.from to the adapter, or merge it first: isentrope merge --help',
  })
}
