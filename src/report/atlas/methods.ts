/** The rows of the atlas: every method as it trains, beside PPO's clip where it does not replace it. */

import type { AdaptiveOptions, MethodSettings } from '../../entropy/index.js'
import { type EntropyMethodName, methodOptions } from '../../entropy/methods/recipe-keys.js'
import type { Recipe } from '../../recipe/schema.js'

export interface AtlasMethod {
  name: string
  settings: MethodSettings
  /** Of a fixed bonus, or an adaptive one. */
  entropyCoef?: number
  adaptive?: AdaptiveOptions
}

const open = { clipLow: Number.POSITIVE_INFINITY, clipHigh: Number.POSITIVE_INFINITY }

/** What the reference row is called: the whole update r A, nothing clipped. */
export const unclippedName = 'no clip (r A)'
/** The row that the others' predicted dH is compared with. */
export const plainName = 'ppo-clip (GRPO)'

/**
 * With the options of the run's recipe where it gives them, else each method's defaults. `mu`: the width of the clips in
 * sigmas, both sides, where the recipe has none (the paper names no default).
 */
export function atlasMethods(recipe: Recipe | undefined, { mu }: { mu: number }): AtlasMethod[] {
  const options = methodOptions(recipe?.entropy)
  const ppo = { clipLow: recipe?.algorithm.clipLow ?? 0.2, clipHigh: recipe?.algorithm.clipHigh ?? 0.2 }
  const base = { ...options, ppo, clip: {} }
  const of = (method: EntropyMethodName, more: Partial<MethodSettings> = {}): MethodSettings => ({
    ...base,
    method,
    ...more,
  })
  const clip = clipOf(recipe, mu)
  const coefficient = recipe?.algorithm.entropyCoef || 0.001
  return [
    { name: unclippedName, settings: of('none', { ppo: open }) },
    { name: plainName, settings: of('ppo-clip') },
    { name: 'clip-higher', settings: of('ppo-clip', { ppo: { clipLow: 0.2, clipHigh: 0.28 } }) },
    { name: 'dual-clip', settings: of('dual-clip') },
    { name: 'cispo', settings: of('cispo') },
    { name: 'gspo', settings: of('gspo') },
    { name: `entropy-bonus ${coefficient}`, settings: of('entropy-bonus'), entropyCoef: coefficient },
    { name: `adaptive-entropy ${options.adaptive.max}`, settings: of('adaptive-entropy'), adaptive: options.adaptive },
    { name: 'high-entropy', settings: of('high-entropy') },
    { name: 'prob-weight', settings: of('prob-weight') },
    { name: 'clip-cov', settings: of('clip-cov') },
    { name: 'kl-cov', settings: of('kl-cov') },
    { name: `clip-b ${clip.name}`, settings: of('clip-b', { clip: clip.options }) },
    { name: `clip-v ${clip.name}`, settings: of('clip-v', { clip: clip.options }) },
    { name: 'clip-b trinity', settings: of('clip-b', { clip: { preset: 'trinity' } }) },
    { name: 'clip-v trinity', settings: of('clip-v', { clip: { preset: 'trinity' } }) },
  ]
}

function clipOf(recipe: Recipe | undefined, mu: number) {
  const { muLow, muHigh, applyTo, maxFraction } = recipe?.entropy ?? {}
  const given = muLow !== undefined || muHigh !== undefined
  const low = given ? (muLow ?? Number.POSITIVE_INFINITY) : mu
  const high = given ? (muHigh ?? Number.POSITIVE_INFINITY) : mu
  const text = (value: number) => (value === Number.POSITIVE_INFINITY ? 'open' : String(value))
  return {
    name: low === high ? `mu ${text(low)}` : `mu ${text(low)}, ${text(high)}`,
    options: { preset: 'paper' as const, muLow: low, muHigh: high, applyTo, maxFraction },
  }
}
