import { oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import type { Surrogate } from './surrogate.js'

export const divergences = ['tv', 'kl'] as const

const deltas = { tv: 0.2, kl: 0.05 } as const

export interface DppoOptions {
  divergence: (typeof divergences)[number]
  /** Largest divergence that a token may have moved down, and up; absent: 0.2 (tv) or 0.05 (kl). */
  deltaLow?: number
  deltaHigh?: number
  /** Largest weight. */
  cap: number
}

/**
 * Divergence of the two-way distributions {the sampled token, all others}: `tv` |p - p_old|; `kl` D(p_old || p) =
 * p_old log(p_old / p) + (1 - p_old) log((1 - p_old) / (1 - p)), nats.
 */
export function binaryDivergence(kind: DppoOptions['divergence'], logprob: number, rolloutLogprob: number): number {
  const [p, old] = [Math.exp(logprob), Math.exp(rolloutLogprob)]
  if (kind === 'tv') return Math.abs(p - old)
  // log(1 - p) from log p keeps its digits near p = 1; 0 log 0 is 0.
  const others = old === 1 ? 0 : -Math.expm1(rolloutLogprob) * (logComplement(rolloutLogprob) - logComplement(logprob))
  return old * (rolloutLogprob - logprob) + others
}

/** log(1 - e^x) for x <= 0. */
const logComplement = (x: number) => (x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x)))

/**
 * DPPO: a trust region in probability, not in ratio. `g = min(r, cap) A`, and 0 where the token has moved further in the
 * direction of A than the divergence D of {the token, all others} allows:
 *   A > 0, p > p_old, D > deltaHigh;   A < 0, p < p_old, D > deltaLow.
 * PPO's clip stops an unlikely token after a move that hardly changes the distribution, and lets a likely one move far.
 * The weight is a constant, so the value of a kept token is its slope, and that of a stopped one is 0.
 *
 * Source: arXiv 2602.04879 (Binary-TV and Binary-KL). Delta 0.2 (tv) is prime-rl's default; verl's example script has 0.15 for
 * dppo_tv and 0.05 for dppo_kl, which is the default for kl here. verl reads delta from clip_ratio (0.2 unless
 * set) and the cap from clip_ratio_c: 20 in the code, but the configuration's default makes it 3. verl adds 1e-8 to both
 * probabilities of the others under kl. prime-rl has no cap, and a term 1e-3 (log r)^2 on all tokens, which is not part of
 * the paper's objective and is left out here.
 *
 * @param weight What multiplies A in place of r, a constant: r itself, or r under a further cap.
 */
export function dppo(
  {
    weight,
    advantage,
    logprob,
    rolloutLogprob,
  }: { weight: number; advantage: number; logprob: number; rolloutLogprob: number },
  { divergence, deltaLow, deltaHigh, cap }: DppoOptions,
): Surrogate {
  const further = advantage > 0 ? logprob > rolloutLogprob : logprob < rolloutLogprob
  const delta = (advantage > 0 ? deltaHigh : deltaLow) ?? deltas[divergence]
  if (further && binaryDivergence(divergence, logprob, rolloutLogprob) > delta) {
    return { value: 0, slope: 0, clipped: true }
  }
  const slope = Math.min(weight, cap) * advantage
  return { value: slope, slope, clipped: false }
}

export const dppoMethod = entropyMethod({
  name: 'dppo',
  summary: 'g = min(r, cap) A, 0 where the token’s probability has moved too far in the direction of A',
  source: '[2602.04879](https://arxiv.org/abs/2602.04879), verl, prime-rl',
  options: optionSection('dppo', ({ z, bound }) =>
    z
      .strictObject({
        divergence: z
          .enum(divergences)
          .default('tv')
          .describe('tv: |p - p_old|. kl: D(p_old || p) of the token against all others, nats.'),
        deltaLow: bound
          .optional()
          .describe('Largest divergence where A < 0 and p has fallen. Default: 0.2 (tv) or 0.05 (kl).'),
        deltaHigh: bound
          .optional()
          .describe('Largest divergence where A > 0 and p has risen. Default: 0.2 (tv) or 0.05 (kl).'),
        cap: bound.prefault(20).describe('Largest importance weight. .inf: none.'),
      })
      .describe('Options of dppo (arXiv 2602.04879).'),
  ),
  excludes: [oneRatioRule, oneSurrogate],
  needs: { statistics: [], ratio: true },
  ppoClip: 'replaces',
  rule: (options) => ({ surrogate: 'dppo', clipLow: Infinity, clipHigh: Infinity, options }),
  surrogate: { name: 'dppo', of: (token, { options }) => dppo(token, options as DppoOptions) },
  atlas: ({ options }) =>
    divergences.map((divergence) => ({
      name: `dppo ${divergence}`,
      // The thresholds of the run's divergence are in other units than the other's.
      options: divergence === options.divergence ? options : { divergence, cap: options.cap },
    })),
})
