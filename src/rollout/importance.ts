/**
 * Truncated importance weights: completions were drawn by the sampler's policy q and train the backend's policy p. The two differ
 * by kernels, precision, and age of the weights. Each token's advantage is multiplied by min(cap, p / q), where p / q is the
 * token's own ratio or that of its whole completion (Yao et al., "Your efficient RL framework secretly brings you off-policy RL
 * training", 2025).
 */
import { z } from 'zod'
import { bound } from '../base/numbers.js'
import type { Correction } from './sampler-kind.js'
import type { Completion } from './types.js'

export const importanceSection = z.strictObject({
  level: z
    .enum(['token', 'sequence'])
    .default('token')
    .describe(
      "token: each token's own ratio p / q. sequence: the product of the completion's ratios, for all of its tokens.",
    ),
  cap: bound
    .prefault(2)
    .describe('Largest weight: min(cap, p / q). .inf: none. 0 would train on nothing, so it is refused.')
    .refine((cap) => cap > 0, 'must be above 0'),
})

export type ImportanceOptions = z.output<typeof importanceSection>

type Drawn = Pick<Completion, 'tokens' | 'logprob' | 'samplerLogprob'>

/**
 * Weights per completion and token, and the rows `gap_...` of the step's metrics: mean and largest |log p - log q| in nats, the
 * share of weights at the cap, and the effective share (sum w)^2 / (n sum w^2) of the n weights after the cap (of tokens, or of
 * completions). A completion without the sampler's log-probabilities has weight 1 and is not counted.
 */
export function truncatedImportance(completions: readonly Drawn[], { level, cap }: ImportanceOptions): Correction {
  const totals = { tokens: 0, gap: 0, gapMax: 0, weights: 0, capped: 0, sum: 0, squares: 0 }
  const weigh = (difference: number): number => {
    const ratio = Math.exp(difference)
    const weight = Math.min(cap, ratio)
    totals.weights++
    totals.capped += ratio > cap ? 1 : 0
    totals.sum += weight
    totals.squares += weight * weight
    return weight
  }
  const weights = completions.map(({ tokens, logprob, samplerLogprob }) => {
    const weight = new Float32Array(tokens.length).fill(1)
    if (!samplerLogprob || tokens.length === 0) return weight
    let sum = 0
    for (let t = 0; t < tokens.length; t++) {
      const difference = logprob[t]! - samplerLogprob[t]!
      totals.tokens++
      totals.gap += Math.abs(difference)
      totals.gapMax = Math.max(totals.gapMax, Math.abs(difference))
      sum += difference
      if (level === 'token') weight[t] = weigh(difference)
    }
    return level === 'sequence' ? weight.fill(weigh(sum)) : weight
  })
  if (totals.tokens === 0) return { weights, metrics: {} }
  return {
    weights,
    metrics: {
      gap_mean: totals.gap / totals.tokens,
      gap_max: totals.gapMax,
      gap_capped_share: totals.capped / totals.weights,
      gap_effective_share: totals.squares === 0 ? 0 : totals.sum ** 2 / (totals.weights * totals.squares),
    },
  }
}
