/** What a recipe must hold for the methods that have one weight for a whole completion. */
import type { RecipeCheck } from './method.js'

/** Such a weight is made of the present policy's log-probabilities, before the gradient pass. */
export const needsCurrent = (name: string): RecipeCheck<unknown> => ({
  path: 'entropy.statistics',
  reads: ['entropy.statistics'],
  check: (_, { entropy }) =>
    entropy.statistics === 'rollout'
      ? `must be current for ${name}: a sequence's ratio needs the present policy's log-probabilities`
      : undefined,
})
