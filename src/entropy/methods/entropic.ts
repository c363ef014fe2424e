import { oneEntropyLevel, oneRatioRule, oneSurrogate } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { type ClipBounds, ppoClip } from './ppo-clip.js'
import { noTarget } from './shared-checks.js'
import type { Surrogate } from './surrogate.js'

export interface EntropicOptions {
  /** nats */
  target: number
  /** Gains of the error and of its sum, per nat. */
  kp: number
  ki: number
  probability: number
}

/** JSON; saved with the checkpoint. */
export interface EntropicState {
  /** What step k's updates use, within -1 .. 1. */
  alpha: number
  /** Sum of the errors up to step k, nats. */
  sum: number
}

/** The coefficient of a step, and the sum to go on from. `entropy`: mean H of its rollouts, nats. */
export function entropicState(
  state: EntropicState | undefined,
  entropy: number,
  { target, kp, ki }: EntropicOptions,
): EntropicState {
  if (!Number.isFinite(entropy)) throw new RangeError(`the batch's mean entropy is ${entropy}`)
  const error = entropy - target
  const before = state?.sum ?? 0
  return { alpha: Math.min(1, Math.max(-1, kp * error + ki * before)), sum: before + error }
}

/**
 * EntroPIC: PPO's clip, and a term `alpha r |A|` on tokens with p > probability, which no clip stops: among likely tokens it
 * raises the weight of positive samples and lowers that of negative ones by alpha (A > 0: 1 + alpha, A < 0: 1 - alpha).
 * Rewarded likely tokens lower entropy and punished ones raise it, so alpha follows the entropy's error by
 * proportional-integral control,
 *   e_k = H_k - target;   alpha_k = clamp(kp e_k + ki sum_{j < k} e_j, -1, 1).
 *
 * Source: arXiv 2511.15248 and its code (yk7333/EntroPIC): kp 1, ki 0.01, target 0.1 nats (its script), probability 0.95,
 * and the clamp. The code sums and applies both per micro-batch, with its own H; here H_k is
 * that of the step's rollouts, once a step, so that nothing depends on micro-batches. The sum goes on while alpha is clamped
 * (no anti-windup), as there. The code has dual clip in the PPO term too (clip_ratio_c 3), left out here.
 *
 * @param weight What multiplies A in place of r, a constant: r itself, or r under a cap. The clip looks at r.
 */
export function entropic(
  { ratio, weight = ratio, advantage, logprob }: { ratio: number; weight?: number; advantage: number; logprob: number },
  bounds: ClipBounds,
  { alpha, probability }: { alpha: number; probability: number },
): Surrogate {
  const plain = ppoClip(ratio, advantage, bounds, weight)
  if (alpha === 0 || !(logprob > Math.log(probability))) return plain
  const term = alpha * weight * Math.abs(advantage)
  return { value: plain.value + term, slope: plain.slope + term, clipped: false }
}

export const entropicMethod = entropyMethod({
  name: 'entropic',
  summary: 'as ppo-clip, and α r |A| on tokens with p > probability; α = kp e + ki Σ e with e = H − target',
  source: '[2511.15248](https://arxiv.org/abs/2511.15248) and its code',
  options: optionSection('entropic', ({ z }) =>
    z
      .strictObject({
        target: z.number().min(0).default(0.1).describe('Entropy, in nats per token, that the controller aims at.'),
        kp: z.number().min(0).default(1).describe('Gain of the error, per nat.'),
        ki: z.number().min(0).default(0.01).describe('Gain of the sum of the errors of all steps before, per nat.'),
        probability: z.number().min(0).lt(1).default(0.95).describe('Tokens above this probability get the term.'),
      })
      .describe('Options of entropic (EntroPIC, arXiv 2511.15248).'),
  ),
  excludes: [oneRatioRule, oneSurrogate, oneEntropyLevel],
  needs: { statistics: [], moments: 'exact' },
  ppoClip: 'keeps',
  aim: (target) => ({ target }),
  checks: [noTarget('entropic')],
  controller: {
    key: 'entropic',
    state: ({ z }) => z.object({ alpha: z.number(), sum: z.number() }),
    next: entropicState,
    // The sum that a run would have is not known: the proportional part alone.
    alone: (entropy, options) => entropicState(undefined, entropy, options),
    metrics: ({ alpha }) => ({ entropy_control_alpha: alpha }),
  },
  rule: ({ probability }, ppo, state) => ({
    surrogate: 'entropic',
    ...ppo,
    options: { alpha: state?.alpha ?? 0, probability },
  }),
  surrogate: {
    name: 'entropic',
    of: (token, rule) => entropic(token, rule, rule.options as { alpha: number; probability: number }),
  },
})
