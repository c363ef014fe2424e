import { Failure } from '../base/errors.js'

/** Logits that are not numbers make no distribution: neither can it be drawn from, nor does a score of it mean anything. */
export function nonFiniteLogits(places: readonly string[]): Failure {
  const more = places.length > 5 ? ` and ${places.length - 5} more` : ''
  return new Failure(`the model's logits are not finite (${places.slice(0, 5).join('; ')}${more})`, {
    hint: 'its weights are damaged, or training diverged: go back to an earlier checkpoint, or lower the learning rate',
  })
}
