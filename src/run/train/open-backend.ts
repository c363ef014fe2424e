/** `openBackend` of the public API: a recipe's policy, opened for a loop of one's own or for `trainLoop`. */
import { parseRecipe } from '../../recipe/index.js'
import type { RecipeInput } from '../../recipe/input.js'
import { trainFormat } from '../../recipe/parse-recipe.js'
import type { Recipe } from '../../recipe/schema.js'
import type { Sampler } from '../../rollout/sampler-kind.js'
import { openSamplerKind, type SamplerSectionInput, samplerSection } from '../../rollout/samplers.js'
import type { Backend, ExactBackend } from '../../train/backend.js'
import { openBackendKind } from '../../train/backends.js'
import { preparePolicy } from '../../train/prepare.js'
import { resolveDtype } from '../plan/resolve-dtype.js'

/** A recipe, whole or in parts: the policy needs no task. */
export type BackendRecipe = Omit<RecipeInput, 'task'> & { task?: unknown }

export interface OpenBackendOptions {
  /** Ends a running call early: sampling returns what it has, an interruptible update leaves the policy as it is. */
  signal?: AbortSignal
}

/**
 * Opens the policy that `recipe` describes (model, device, dtype, threads, lora, backend). It holds the frozen reference and
 * the critic if the recipe needs them, so it is ready for `trainLoop`; load a checkpoint after this, not before.
 * Close it in the end: it owns a thread, or a connection.
 * @throws UserError naming every key of the recipe that is wrong, and for a model that cannot be had.
 */
export async function openBackend(
  recipe: BackendRecipe & { backend?: { kind: 'local' } },
  options?: OpenBackendOptions,
): Promise<ExactBackend>
export async function openBackend(recipe: BackendRecipe, options?: OpenBackendOptions): Promise<Backend>
export async function openBackend(recipe: BackendRecipe, { signal }: OpenBackendOptions = {}): Promise<Backend> {
  const given = parseRecipe({ ...recipe, task: recipe.task ?? { name: 'none' } })
  const { recipe: resolved } = await resolveDtype(given, trainFormat)
  const backend = await openBackendKind(resolved, { signal })
  try {
    await preparePolicy(backend, resolved)
  } catch (error) {
    await backend.close()
    throw error
  }
  return backend
}

export interface OpenSamplerOptions {
  /** A directory of this run that is the sampler's to use. */
  directory?: string
  /** Ends a running call early. */
  signal?: AbortSignal
}

/** Opens the sampler that `recipe` names, for `trainLoop`; by default the backend itself samples. */
export const openSampler = (
  recipe: Pick<Recipe, 'model'> & Pick<RecipeInput, 'lora'> & { sampler?: SamplerSectionInput },
  backend: Backend,
  options: OpenSamplerOptions = {},
): Promise<Sampler> =>
  openSamplerKind(samplerSection.optional().parse(recipe.sampler), {
    sample: (...given) => backend.sample(...given),
    score: (...given) => backend.score(...given),
    reference: recipe.model,
    model: backend.model,
    adapter: recipe.lora !== undefined,
    ...options,
  })
