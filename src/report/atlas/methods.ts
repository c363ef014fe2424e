/** The rows of the atlas: every method as it trains, beside PPO's clip where it does not replace it. */

import { type MethodSettings, optionsOf } from '../../entropy/methods/apply.js'
import type { AtlasVariant, EntropyMethod } from '../../entropy/methods/method.js'
import { ppoBound } from '../../entropy/methods/ppo-clip.js'
import { givenOptions, methodOptions, methods } from '../../entropy/methods/recipe-keys.js'
import type { Recipe } from '../../recipe/schema.js'

export { unclippedName } from '../../entropy/methods/none.js'
export { plainName } from '../../entropy/methods/ppo-clip.js'

export interface AtlasMethod {
  name: string
  settings: MethodSettings
  /** Of a fixed bonus. */
  entropyCoef?: number
}

/**
 * With the options of the run's recipe where it gives them, else each method's defaults. `mu`: the width of the clips in
 * sigmas, both sides, where the recipe has none (the paper names no default).
 */
export function atlasMethods(recipe: Recipe | undefined, { mu }: { mu: number }): AtlasMethod[] {
  const ppo = { clipLow: recipe?.algorithm.clipLow ?? ppoBound, clipHigh: recipe?.algorithm.clipHigh ?? ppoBound }
  const rows = methods.flatMap((method) => {
    const settings: MethodSettings = { ...methodOptions(recipe?.entropy), method: method.name, ppo }
    const given = recipe && method.options && givenOptions(method.options, recipe.entropy)
    const view = { options: optionsOf(method, settings), given, entropyCoef: recipe?.algorithm.entropyCoef ?? 0, mu }
    return variantsOf(method, view).map(({ name, options, ppo: bounds, entropyCoef, last = false }) => ({
      last,
      row: {
        name,
        settings: {
          ...settings,
          ...(bounds && { ppo: bounds }),
          ...(options !== undefined && { [method.options!.key]: options }),
        },
        ...(entropyCoef !== undefined && { entropyCoef }),
      },
    }))
  })
  return [...rows.filter(({ last }) => !last), ...rows.filter(({ last }) => last)].map(({ row }) => row)
}

function variantsOf(method: EntropyMethod, view: Parameters<NonNullable<EntropyMethod['atlas']>>[0]) {
  const own: AtlasVariant<unknown>[] = method.experiment ? [] : [{ name: method.name }]
  return method.atlas?.(view) ?? own
}
