export {
  type EntropyMethodName,
  entropyMethods,
  type MethodOptions,
  methodList,
  methodOptions,
} from './entropy-methods.js'
export { Failure, UserError } from './errors.js'
export { loadRecipe } from './load-recipe.js'
export { parseRecipe } from './parse-recipe.js'
export {
  algorithmNames,
  type Recipe,
  type RecipeInput,
  type Resolved,
  recipeSchema,
  type TaskEntry,
} from './recipe.js'
export { recipeWarnings } from './recipe-rules.js'
export { bestMetric, checkpointDue, evaluationDue } from './schedule.js'
