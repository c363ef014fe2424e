/** What a recipe must hold for the methods that have one weight for a whole completion. */
import type { RecipeCheck, RecipeView } from './method.js'

/** Such a weight is made of the present policy's log-probabilities, before the gradient pass. */
export const needsCurrent = (name: string): RecipeCheck<unknown> => ({
  path: 'entropy.statistics',
  reads: ['entropy.statistics'],
  check: (_, { entropy }) =>
    entropy.statistics === 'rollout'
      ? `must be current for ${name}: a sequence's ratio needs the present policy's log-probabilities`
      : undefined,
})

/** The papers take a mean over each completion's tokens, and then over completions. */
export const definedBySequence =
  (name: string) =>
  ({ algorithm }: RecipeView): string[] =>
    algorithm.aggregation === 'sequence'
      ? []
      : [
          `${name} is defined with algorithm.aggregation: sequence; with ${algorithm.aggregation} it is another objective.`,
        ]
