/** A reward of the user's own, as a function. */
import type { CompletionInfo, Example } from '../types.js'

/**
 * What one completion is worth, a finite number. It may wait: for a judge over HTTP, or for a test runner. `info.signal`
 * is aborted when the time of this try is up, or the run is stopped.
 */
export type RewardFunction<E extends Example = Example> = {
  // A method's parameters are bivariant: a reward of special examples stands in a list of rewards.
  call(completion: string, example: E, info: CompletionInfo & { signal: AbortSignal }): number | Promise<number>
}['call']

/** A reward with a name for its share in metrics and rollouts, and its factor in the sum. */
export interface Reward<E extends Example = Example> {
  name: string
  /** Factor in the sum of rewards. Default: 1. */
  weight?: number
  reward: RewardFunction<E>
}

/**
 * Identity, with types: `defineReward((completion, example, info) => number)`, or `defineReward({ name, weight, reward })`.
 * `train({ rewards: [...] })` takes the result, and a file that exports it by default is named in a recipe's `task.rewards`.
 */
export function defineReward<E extends Example = Example>(reward: RewardFunction<E>): RewardFunction<E>
export function defineReward<E extends Example = Example>(reward: Reward<E>): Reward<E>
export function defineReward<E extends Example>(reward: RewardFunction<E> | Reward<E>): RewardFunction<E> | Reward<E> {
  return reward
}

/** Whether a value is what {@link defineReward} takes in its second form. */
export const isReward = (value: unknown): value is Reward =>
  typeof value === 'object' && value !== null && typeof (value as Reward).reward === 'function'
