/** What several methods ask of a recipe. */
import type { RecipeCheck } from './method.js'

/** One weight for a whole completion is made of the present policy's log-probabilities, before the gradient pass. */
export const needsCurrent = (name: string): RecipeCheck<unknown> => ({
  path: 'entropy.statistics',
  reads: ['entropy.statistics'],
  check: (_, { entropy }) =>
    entropy.statistics === 'rollout'
      ? `must be current for ${name}: a sequence's ratio needs the present policy's log-probabilities`
      : undefined,
})

/** A method that drives entropy to a level of its own would work against the target, or beside it. */
export const noTarget = (name: string): RecipeCheck<unknown> => ({
  path: 'entropy.target',
  reads: ['entropy.target'],
  check: (_, { entropy }) =>
    entropy.target !== undefined ? `and ${name} both drive entropy to a level; remove one of the two` : undefined,
})

/** A method that sets the coefficient of the entropy bonus; `start` is its own key for where the coefficient begins. */
export const setsEntropyCoef = (name: string, start: string): RecipeCheck<unknown> => ({
  path: 'algorithm.entropyCoef',
  reads: ['algorithm.entropyCoef'],
  check: (_, { algorithm }) =>
    algorithm.entropyCoef !== 0 ? `is set by entropy.method: ${name}; remove this key, or give ${start}` : undefined,
})
