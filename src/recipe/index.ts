export { loadRecipe } from './load-recipe.js'
export { parseRecipe } from './parse-recipe.js'
export { recipeWarnings } from './rules.js'
export { type Recipe, type RecipeInput, type Resolved, recipeSchema } from './schema.js'
