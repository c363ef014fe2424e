import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import type { Surrogate } from './surrogate.js'

/**
 * SAPO: a smooth gate in place of PPO's clip, `J = (4 / tau) sigma(tau (r - 1)) A`, tau by the sign of A. With
 * s = sigma(tau (r - 1)) the slope is `4 s (1 - s) r A`: r A at r = 1, less on both sides of it, never 0.
 *
 * Source: arXiv 2511.20347; tau 1.0 for A > 0 and 1.05 else, a mean over each completion's tokens and then over
 * completions. TRL (`loss_type: sapo`) and verl (`loss_mode: sapo`, which always aggregates by sequence) have the same
 * formula and the same two values; verl clamps log r to +-20.
 *
 * @param weight What multiplies the gate's slope in place of r, a constant: r itself, or r under a cap.
 */
export function sapo(
  ratio: number,
  advantage: number,
  { tauPositive, tauNegative }: { tauPositive: number; tauNegative: number },
  weight: number = ratio,
): Surrogate {
  const tau = advantage > 0 ? tauPositive : tauNegative
  const gate = 1 / (1 + Math.exp(-tau * (ratio - 1)))
  // 1 - s as a quotient of its own: subtraction loses every digit of it at a large r.
  const rest = 1 / (1 + Math.exp(tau * (ratio - 1)))
  const passed = 4 * gate * rest
  // Where the gate has closed, an infinite r leaves nothing either.
  return { value: (4 / tau) * gate * advantage, slope: passed === 0 ? 0 : passed * weight * advantage, clipped: false }
}

export const sapoMethod = entropyMethod({
  name: 'sapo',
  summary: 'g = 4 s (1 − s) r A with s = σ(τ (r − 1)), never 0',
  source: '[2511.20347](https://arxiv.org/abs/2511.20347)',
  options: optionSection('sapo', ({ z }) =>
    z
      .strictObject({
        tauPositive: z.number().gt(0).default(1).describe('Steepness of the gate where A > 0.'),
        tauNegative: z.number().gt(0).default(1.05).describe('Steepness of the gate where A < 0.'),
      })
      .describe('Options of sapo (arXiv 2511.20347).'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: [], ratio: true },
  ppoClip: 'replaces',
  rule: (options) => ({ surrogate: 'sapo', clipLow: Infinity, clipHigh: Infinity, options }),
  surrogate: {
    name: 'sapo',
    of: ({ ratio, weight, advantage }, { options }) =>
      sapo(ratio, advantage, options as { tauPositive: number; tauNegative: number }, weight),
  },
  aggregation: 'sequence',
})
