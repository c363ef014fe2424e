/**
 * Generalized advantage estimation (Schulman et al., arXiv 1506.02438) on one completion.
 *
 * Mental model: token t is an action, V_t the critic's value of the state that the token was drawn in (prompt and
 * tokens 0 .. t-1), and the completion's end is the episode's end. Behind the last token the value is 0, for a
 * completion that ended by itself and for one that was cut alike: nothing is bootstrapped (TRL and verl do the same).
 */

export interface GaeOptions {
  /** Discount per token. */
  gamma: number
  /** 0: one-step advantage, little variance; 1: the whole return minus the value, no bias. */
  lambda: number
}

export interface GaeResult {
  /** A_t = delta_t + gamma lambda A_(t+1) with delta_t = r_t + gamma V_(t+1) - V_t and V_n = A_n = 0. */
  advantages: Float64Array
  /** What the critic is to learn: A_t + V_t. */
  returns: Float64Array
}

/**
 * Advantages and returns from per-token rewards and values.
 * @throws {RangeError} where the lengths differ.
 */
export function gae(rewards: ArrayLike<number>, values: ArrayLike<number>, { gamma, lambda }: GaeOptions): GaeResult {
  const { length } = rewards
  if (values.length !== length) throw new RangeError(`${length} rewards, but ${values.length} values`)
  const advantages = new Float64Array(length)
  const returns = new Float64Array(length)
  let nextValue = 0
  let nextAdvantage = 0
  for (let t = length - 1; t >= 0; t--) {
    nextAdvantage = rewards[t] + gamma * nextValue - values[t] + gamma * lambda * nextAdvantage
    nextValue = values[t]
    advantages[t] = nextAdvantage
    returns[t] = nextAdvantage + values[t]
  }
  return { advantages, returns }
}
