import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { recipeTypes, target } from '../../scripts/recipe-types.js'
import type { RecipeInput, SftRecipeInput } from './input.js'
import type { recipeSchema } from './schema.js'
import type { sftSchema } from './sft-recipe.js'

type Assignable<From, To> = [From] extends [To] ? true : false

describe('the written types of a recipe', () => {
  it('are those of the schema', () => {
    expect(readFileSync(target, 'utf8')).toBe(recipeTypes())
  })

  it('take what the schema takes, and nothing else', () => {
    // Checked by the compiler: a key that is missing, misspelled, or of another type makes one of these `false`.
    const train: [
      Assignable<RecipeInput, z.input<typeof recipeSchema>>,
      Assignable<z.input<typeof recipeSchema>, RecipeInput>,
    ] = [true, true]
    const sft: [
      Assignable<SftRecipeInput, z.input<typeof sftSchema>>,
      Assignable<z.input<typeof sftSchema>, SftRecipeInput>,
    ] = [true, true]
    expect([...train, ...sft]).not.toContain(false)
  })
})
