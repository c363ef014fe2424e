import { entropyMethod, optionSection } from './method.js'

/**
 * The group's K-quantile, `inf {x : the share of rewards <= x is at least K}`: one of the rewards, not interpolated.
 * @throws {RangeError} for an empty group
 */
export function quantileOf(rewards: readonly number[], share: number): number {
  if (rewards.length === 0) throw new RangeError('no rewards')
  const sorted = [...rewards].sort((a, b) => a - b)
  // Rounding must not lift share x n past a whole number: 0.07 x 100 is 7.000000000000001.
  return sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]
}

/**
 * Quantile advantages: the K-quantile of a group's rewards in place of their mean, `A = (R - Q_K) / (std + 1e-4)` with
 * algorithm.advantage `group`, without the division with `group-nostd`. With rewards of 0 and 1 and a pass rate of p, Q_K is
 * 0 for p <= 1 - K (rare successes are rewarded, failures have A = 0) and 1 for p > 1 - K (rare failures are punished,
 * successes have A = 0), which leaves most completions without an update.
 *
 * Source: arXiv 2509.22611; K 0.4. The quantile is the paper's infimum; implementations by torch.quantile interpolate
 * between two rewards, which at the jump gives every completion an advantage. The deviation stays about the mean, as in
 * GRPO.
 */
export const quantileAdvantageMethod = entropyMethod({
  name: 'quantile-advantage',
  summary: "A = (R − Q) / std with Q the K-quantile of the group's rewards in place of their mean",
  source: '[2509.22611](https://arxiv.org/abs/2509.22611)',
  options: optionSection('quantile', ({ z, share }) =>
    z
      .strictObject({
        k: share.default(0.4).describe("Which quantile of a group's rewards is the baseline."),
      })
      .describe('Options of quantile-advantage (arXiv 2509.22611).'),
  ),
  needs: { statistics: [], rewards: true },
  baseline: (rewards, { k }) => quantileOf(rewards, k),
  checks: [
    {
      path: 'algorithm.name',
      reads: ['algorithm.name'],
      check: (_, { algorithm }) =>
        algorithm.name === 'ppo'
          ? 'must be grpo for quantile-advantage: with a critic, advantages do not follow from a group'
          : undefined,
    },
    {
      path: 'algorithm.advantage',
      reads: ['algorithm.advantage'],
      check: (_, { algorithm }) =>
        algorithm.advantage === 'leave-one-out'
          ? 'must not be leave-one-out for quantile-advantage: both set the baseline; use group, group-nostd, or batch'
          : undefined,
    },
  ],
})
