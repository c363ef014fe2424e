/** What the recipe asks of its backend and sampler, as rules at the keys that ask. */

import { samplerKind } from '../rollout/samplers.js'
import { backendKind } from '../train/backends.js'
import { abilitiesOf, type Need, needs } from '../train/needs.js'
import type { Rule } from './rules.js'
import type { Recipe } from './schema.js'

const kindText = (recipe: Recipe, section: 'backend' | 'sampler'): string =>
  `${section}.kind ${section === 'backend' ? backendKind(recipe.backend).kind : samplerKind(recipe.sampler).kind}`

/** The kind that can do everything. */
const able = { backend: backendKind(undefined).kind, sampler: samplerKind(undefined).kind }

const needRule = ({ path, present, lack }: Need): Rule => ({
  path,
  reads: ['backend', 'sampler', path, 'entropy', 'algorithm', 'critic'],
  check(recipe) {
    const lacking = present(recipe) ? lack(abilitiesOf(recipe)) : undefined
    if (lacking === undefined) return undefined
    const { of, what, advice } = lacking
    const other = `set ${of}.kind: ${able[of]}`
    return `needs ${what}, which ${kindText(recipe, of)} does not have; ${advice === undefined ? `change this key, or ${other}` : `${advice}, or ${other}`}`
  },
})

export const backendRules: Rule[] = needs.map(needRule)
