import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { needsCurrent } from './shared-checks.js'
import { type MethodTokens, requireFinite } from './types.js'

export interface VespoOptions {
  kPositive: number
  lambdaPositive: number
  kNegative: number
  lambdaNegative: number
}

/**
 * VESPO's weight of every token: `phi(w) = e^lambda w^k e^(-lambda w)`, w the product of r over the completion's policy
 * tokens, with (kPositive, lambdaPositive) where A >= 0 and (kNegative, lambdaNegative) else. phi(1) = 1; it falls to 0 for
 * small and for large w, and is largest at w = k / lambda. Formed in logarithms: the product itself may be 0 or infinite.
 *
 * @throws {RangeError} for arrays of different lengths, or a value of a policy token that is not finite.
 */
export function vespoWeight(
  { advantage, logprob, rolloutLogprob, isPolicyToken, starts }: MethodTokens,
  { kPositive, lambdaPositive, kNegative, lambdaNegative }: VespoOptions,
): Float64Array {
  requireFinite(isPolicyToken, { advantage, logprob, rolloutLogprob })
  const weight = new Float64Array(isPolicyToken.length).fill(1)
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? isPolicyToken.length
    let logW = 0
    for (let t = start; t < end; t++) if (isPolicyToken[t]) logW += logprob[t] - rolloutLogprob[t]
    const phi = (k: number, lambda: number) => Math.exp(k * logW - lambda * Math.expm1(logW))
    const [positive, negative] = [phi(kPositive, lambdaPositive), phi(kNegative, lambdaNegative)]
    for (let t = start; t < end; t++) if (isPolicyToken[t]) weight[t] = advantage[t] >= 0 ? positive : negative
  })
  return weight
}

/**
 * VESPO: `g = phi(w) A` (vespoWeight) in place of r A, phi a constant: a soft weight of whole completions by their own
 * importance ratio, the product of the tokens', without a clip.
 *
 * Source: arXiv 2602.10693; k 2 and lambda 3 where A >= 0, k 3 and lambda 2 else (released code and scripts; its docstring
 * says 1.5, 4 and 2.5). TRL (`loss_type: vespo`) has the same values. Both clamp each token's log r to +-20, and log w to
 * -18.4 and 20, where phi is below 1e-12 at these values. The loss is -phi A log p in both, which is this value. TRL and the
 * scripts take a mean over all tokens (aggregation `token`).
 */
export const vespoMethod = entropyMethod({
  name: 'vespo',
  summary: 'g = φ(w) A, φ(w) = e^λ w^k e^(−λ w), w the product of r over the completion',
  source: '[2602.10693](https://arxiv.org/abs/2602.10693)',
  options: optionSection('vespo', ({ z }) =>
    z
      .strictObject({
        kPositive: z.number().min(0).default(2).describe('k where A >= 0: the larger, the less small w counts.'),
        lambdaPositive: z
          .number()
          .gt(0)
          .default(3)
          .describe('lambda where A >= 0: the larger, the less large w counts.'),
        kNegative: z.number().min(0).default(3).describe('k where A < 0.'),
        lambdaNegative: z.number().gt(0).default(2).describe('lambda where A < 0.'),
      })
      .describe('Options of vespo (arXiv 2602.10693).'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: ['advantage', 'logprob', 'rolloutLogprob'], ratio: true },
  ppoClip: 'replaces',
  rule: () => ({ surrogate: 'vespo', clipLow: Infinity, clipHigh: Infinity }),
  surrogate: {
    name: 'vespo',
    // phi is in A already, as the weight that `effect` gives.
    of: ({ advantage, logprob }) => ({ value: advantage * logprob, slope: advantage, clipped: false }),
  },
  effect: (tokens, options) => ({ weight: vespoWeight(tokens, options) }),
  checks: [
    needsCurrent('vespo'),
    {
      path: 'algorithm.importanceCap',
      reads: ['algorithm.importanceCap'],
      check: (_, { algorithm }) =>
        algorithm.importanceCap !== Number.POSITIVE_INFINITY
          ? 'has no effect under entropy.method: vespo, whose weight is not the ratio; remove this key'
          : undefined,
    },
  ],
})
