export { loadRecipe } from './load-recipe.js'
export { parseRecipe } from './parse-recipe.js'
export { recipeWarnings } from './rules.js'
export type { Recipe, Resolved } from './schema.js'
