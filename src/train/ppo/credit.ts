/**
 * From rewards to advantages of single tokens: the critic's values, per-token rewards, GAE, whitening.
 *
 *   reward of a completion, on its last token  (- klCoef (log p - log p_ref) on every token, where the KL is in the reward)
 *     -> delta_t, A_t, returns (gae.ts) -> whitened A over all policy tokens of the step (whiten.ts)
 *
 * Everything here is of the policy that sampled: rollout log-probabilities, and values from before any update on the
 * batch. Entropy methods come later and see only the advantages.
 */

import type { Backend } from '../backend.js'
import type { TrainItem } from '../batch.js'
import { describeNonFinite, nonFiniteFailure, placesOf, type TokenPlace } from '../non-finite.js'
import type { LoopOptions } from '../options.js'
import { PromptGroups } from '../prompt-groups.js'
import { gae } from './gae.js'
import { batchMoments, explainedVariance, whiten } from './whiten.js'

/** What the critic knows of a step's completions, one entry per item; absent where its tokens are not the policy's. */
export interface Credit {
  /** A of every token, as trained on; whitened where the recipe whitens. */
  advantages: (Float32Array | undefined)[]
  values: (Float32Array | undefined)[]
  returns: (Float32Array | undefined)[]
  /** What is not finite and where, under onNonFinite: skip. Then no token has an advantage, a value, or a return. */
  notFinite?: string
  metrics: Record<string, number>
  seconds: number
}

/**
 * The KL's share of each token's reward: -klCoef (log p - log p_ref), the estimator k1, whose mean under the policy that
 * sampled is the KL divergence.
 */
export function tokenRewards(
  reward: number,
  logprob: ArrayLike<number>,
  referenceLogprob: ArrayLike<number> | undefined,
  klCoef: number,
): Float64Array {
  const rewards = new Float64Array(logprob.length)
  if (referenceLogprob && klCoef > 0) {
    for (let t = 0; t < rewards.length; t++) rewards[t] = -klCoef * (logprob[t] - referenceLogprob[t])
  }
  rewards[rewards.length - 1] += reward
  return rewards
}

/**
 * The advantage of every item's tokens, and what it came from. `rewards` has one entry per item; `klCoef` is the
 * coefficient of the KL in the reward, 0 where it is elsewhere.
 * @throws Failure under onNonFinite: stop, if an advantage is not finite: whitened, it would be every token's. Nothing is
 *   trained by then.
 */
export async function creditTokens(
  backend: Backend,
  recipe: LoopOptions,
  items: readonly TrainItem[],
  { rewards, klCoef, step }: { rewards: readonly number[]; klCoef: number; step: number },
): Promise<Credit> {
  const began = performance.now()
  const critic = recipe.critic!
  const values = await valuesOf(backend, recipe, items)
  const counted = items.flatMap(({ counts }, i) => (counts ? [i] : []))
  const estimated = counted.map((i) => {
    const { completion, referenceLogprob } = items[i]
    return gae(tokenRewards(rewards[i], completion.logprob, referenceLogprob, klCoef), values[i], critic)
  })
  const raw = estimated.map(({ advantages }) => advantages)
  const metrics = creditFigures(
    counted.map((i) => values[i]),
    estimated,
  )
  const none = (): undefined[] => items.map(() => undefined)
  const seconds = () => (performance.now() - began) / 1000
  const notFinite = whatIsNotFinite(step, counted, items, values, raw)
  if (notFinite) {
    if (recipe.train.onNonFinite === 'stop') throw nonFiniteFailure(notFinite, true)
    return { advantages: none(), values: none(), returns: none(), notFinite, metrics, seconds: seconds() }
  }
  const whitened = critic.whiten ? whiten(raw) : raw
  const advantages: (Float32Array | undefined)[] = none()
  const returns: (Float32Array | undefined)[] = none()
  counted.forEach((i, n) => {
    advantages[i] = Float32Array.from(whitened[n])
    returns[i] = Float32Array.from(estimated[n].returns)
  })
  const known = items.map(({ counts }, i) => (counts ? values[i] : undefined))
  return { advantages, values: known, returns, metrics, seconds: seconds() }
}

/** Metrics of the critic's values, the returns, and the advantages before whitening. */
function creditFigures(
  values: readonly Float32Array[],
  estimated: readonly { advantages: Float64Array; returns: Float64Array }[],
): Record<string, number> {
  const returns = estimated.map((each) => each.returns)
  const ofReturns = batchMoments(returns)
  const ofAdvantages = batchMoments(estimated.map((each) => each.advantages))
  return {
    values_mean: batchMoments(values).mean,
    returns_mean: ofReturns.mean,
    returns_std: Math.sqrt(ofReturns.variance),
    advantages_mean: ofAdvantages.mean,
    advantages_std: Math.sqrt(ofAdvantages.variance),
    explained_variance: explainedVariance(values, returns),
  }
}

/** The items with the critic's advantages in place of their own. */
export const withCredit = (items: readonly TrainItem[], { advantages }: Credit): TrainItem[] =>
  items.map((item, i) => ({ ...item, advantage: advantages[i] ?? item.advantage }))

async function valuesOf(
  { critic }: Backend,
  recipe: LoopOptions,
  items: readonly TrainItem[],
): Promise<Float32Array[]> {
  const groups = new PromptGroups(items)
  const { tokenBudget } = recipe.train
  return groups.inItemOrder(
    await critic!.values(
      groups.map(({ completion }) => completion.tokens),
      { tokenBudget },
    ),
  )
}

/** Undefined if every value and every advantage of the policy's tokens is finite. */
function whatIsNotFinite(
  step: number,
  counted: readonly number[],
  items: readonly TrainItem[],
  values: readonly Float32Array[],
  advantages: readonly Float64Array[],
): string | undefined {
  const tokens = counted.flatMap((i, n): TokenPlace[] => {
    if (advantages[n].every(Number.isFinite)) return []
    const wrong = values[i].findIndex((value) => !Number.isFinite(value))
    const { group, completion } = items[i]
    const position = wrong < 0 ? advantages[n].findLastIndex((value) => !Number.isFinite(value)) : wrong
    return [{ group, completion: completion.sample, position }]
  })
  if (tokens.length === 0) return undefined
  const broken = counted.some((i) => !values[i].every(Number.isFinite))
  return describeNonFinite(step, broken ? "critic's value" : "token's reward", placesOf(tokens))
}
