/** What becomes of an update whose loss or gradient is not finite. It has never reached the weights. */
import { Failure } from '../base/errors.js'

/** A token by its prompt's and completion's number in the step. */
export interface TokenPlace {
  group: number
  completion: number
  position: number
}

export interface NotFinite {
  what: string
  tokens: TokenPlace[]
}

export const placesOf = (tokens: readonly TokenPlace[]): string[] =>
  tokens.map(({ group, completion, position }) => `prompt ${group}, sample ${completion}, token ${position}`)

/** `step 3: the loss is not finite (here; there and 2 more)` */
export function describeNonFinite(step: number, what: string, places: readonly string[]): string {
  const more = places.length > 5 ? ` and ${places.length - 5} more` : ''
  return `step ${step}: the ${what} is not finite${places.length > 0 ? ` (${places.slice(0, 5).join('; ')}${more})` : ''}`
}

const lowerTheStep = 'lower the learning rate (lr) or the bound on the gradient (gradClip)'

/** The run saves the last step's state where the policy is still in it. `advice`: what may make the values finite. */
export function nonFiniteFailure(message: string, policyUnchanged: boolean, advice = lowerTheStep): Error {
  const failure = new Failure(message, {
    hint: `the weights are those before this update; ${advice}, or set train.onNonFinite: skip`,
  })
  return Object.assign(failure, { policyUnchanged })
}
