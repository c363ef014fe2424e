/** What an optimizer step made of every token of its minibatch: the backend's word, completed for what needed no pass. */
import type { TrainCompletion, UpdateResult } from './backend.js'
import type { Minibatch } from './minibatch.js'
import { type ObjectiveOptions, tokenObjective } from './objective.js'

/** Arrays have one entry per token, in the minibatch's order. */
export interface TokenOutcomes {
  /** d objective / d log p_k: A, r, the token's weight, a KL term; whatever the entropy mask says. */
  slope: Float64Array
  /** r; 1 at tokens that are not the policy's. */
  ratio: Float64Array
  ratioMax: number
  /** Tokens whose gradient the rule on the ratio stopped. */
  clipped: number
  /** Sum of the KL estimates; absent without a reference. */
  klSum?: number
  /**
   * What the tokens under the entropy mask add to the objective, their bonus apart: a mask acts on the gradient alone, so
   * they count in the loss. Their log-probabilities are the statistics' where no pass was made for them.
   */
  maskedObjective: number
  /** Largest change of a log-probability against the statistics; absent where no token was passed. */
  gap?: number
}

/** `trained`: per item, as the backend got them. */
export function tokenOutcomes(
  batch: Minibatch,
  trained: readonly TrainCompletion[],
  update: UpdateResult,
  objective: ObjectiveOptions,
): TokenOutcomes {
  const { statistics, weight } = batch
  const withoutBonus = { ...objective, entropyCoef: 0 }
  const said = batch.groups.inItemOrder(update.tokens)
  const slope = new Float64Array(weight.length)
  const ratio = new Float64Array(weight.length).fill(1)
  let ratioMax = 0
  let clipped = 0
  let klSum: number | undefined
  let gap: number | undefined
  let maskedObjective = 0
  batch.eachPolicyToken((i, t, at) => {
    const given = trained[i]
    const passed = !Number.isNaN(said[i].logprob[t])
    // Tokens that needed no pass: their log-probability is the one the statistics were taken with.
    const logprob = passed ? said[i].logprob[t] : statistics[i].logprob[t]
    const whole = () =>
      tokenObjective(
        {
          logprob,
          rolloutLogprob: given.rolloutLogprob[t],
          ratio: given.ratio?.[t],
          referenceLogprob: given.referenceLogprob?.[t],
          rolloutKlCoef: given.rolloutKlCoef?.[t],
          advantage: given.advantage[t],
          entropy: statistics[i].entropy[t],
        },
        withoutBonus,
      )
    const token = passed ? { slope: said[i].slope[t], clipped: said[i].clipped[t] === 1, kl: said[i].kl?.[t] } : whole()
    if (!given.gradMask[t]) maskedObjective += weight[at] * whole().value
    slope[at] = token.slope * weight[at]
    ratio[at] = Math.exp(logprob - given.rolloutLogprob[t])
    ratioMax = Math.max(ratioMax, ratio[at])
    if (token.clipped) clipped++
    if (token.kl !== undefined) klSum = (klSum ?? 0) + token.kl
    if (passed) gap = Math.max(gap ?? 0, Math.abs(logprob - statistics[i].logprob[t]))
  })
  return { slope, ratio, ratioMax, clipped, klSum, maskedObjective, gap }
}
