/** From `dtype: auto` to the type that a run is computed in, before anything is planned or written. */
import { existsSync } from 'node:fs'
import { loadAs } from '../../recipe/load-recipe.js'
import type { RecipeFormat } from '../../recipe/parse-recipe.js'
import type { Recipe, Resolved } from '../../recipe/schema.js'
import { measurePrecision } from '../../rollout/precision.js'
import type { PrecisionSeconds } from '../../torch/precision-speed.js'
import { type RunRecipe, runDirectoryOf } from '../store/keep-run.js'
import { runPaths } from '../store/run-directory.js'
import { layerWork, type WorkRecipe } from './layer-work.js'
import { sketchPolicy } from './policy.js'

export type ComputeType = Exclude<Recipe['dtype'], 'auto'>

/** How `auto` became a type. */
export type DtypeChoice =
  | { by: 'measurement'; secondsPerToken: PrecisionSeconds }
  /** A run that goes on keeps the type of its config.yaml. */
  | { by: 'run' }

/** What the choice reads of a recipe of either kind. */
type Given = RunRecipe & WorkRecipe & Pick<Recipe, 'model' | 'threads' | 'dtype'>

/** float32 needs no masters and rounds less: bfloat16 has to be faster by more than a measurement's error. */
const clearly = 1.1

/**
 * The recipe with its type settled; `choice` is absent where the recipe says the type itself. `auto` takes bfloat16 where
 * the products of one layer are clearly faster in it on the recipe's device, else float32.
 * @throws UserError where the model or the device is not there
 */
export async function resolveDtype<R extends Given>(
  recipe: R,
  format: RecipeFormat<R>,
  options: { runDirectory?: string; resume?: boolean } = {},
  measure: (recipe: R) => Promise<PrecisionSeconds> = measureHere,
): Promise<{ recipe: Resolved<R>; choice?: DtypeChoice }> {
  const { dtype } = recipe
  if (dtype !== 'auto') return { recipe: { ...recipe, dtype } }
  const begun = options.resume ? typeOfRun(runDirectoryOf(recipe, options), format) : undefined
  if (begun !== undefined) return { recipe: { ...recipe, dtype: begun }, choice: { by: 'run' } }
  const { dtype: faster, choice } = await typeByMeasurement(() => measure(recipe))
  return { recipe: { ...recipe, dtype: faster }, choice }
}

/** What `auto` comes to where nothing has begun. */
export async function typeByMeasurement(
  measure: () => Promise<PrecisionSeconds>,
): Promise<{ dtype: ComputeType; choice: DtypeChoice }> {
  const secondsPerToken = await measure()
  const { float32, bfloat16 } = secondsPerToken
  return {
    dtype: float32 > clearly * bfloat16 ? 'bfloat16' : 'float32',
    choice: { by: 'measurement', secondsPerToken },
  }
}

function typeOfRun<R extends Given>(directory: string, format: RecipeFormat<R>) {
  const { config } = runPaths(directory)
  const dtype = existsSync(config) ? loadAs(config, format).dtype : 'auto'
  return dtype === 'auto' ? undefined : dtype
}

async function measureHere(recipe: Given): Promise<PrecisionSeconds> {
  return measurePrecision(layerWork(recipe, await sketchPolicy(recipe)), recipe.threads)
}
