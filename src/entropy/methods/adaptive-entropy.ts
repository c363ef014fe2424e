import { oneBonusCoefficient } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { setsEntropyCoef } from './shared-checks.js'

/**
 * The entropy bonus, fixed or adaptive. A bonus adds `c H` (nats) per policy token to the objective, with the weight that
 * the aggregation gives the token; its gradient on the logits u = z/T is -c S_i, and to first order it raises the
 * token's entropy by c sum_i S_i^2 (predict.ts). PPO, arXiv 1707.06347, eq. 9, has it (0.01 on Atari games);
 * verl's entropy_coeff is 0 unless set.
 *
 * Adaptive: c is moved step by step so that entropy stays at a target from below,
 *   c used in step k = c_k if e_k <= target, else 0;   c_{k+1} = clamp(c_k + delta if e_k < target, else c_k - delta)
 * with e_k the mean entropy of step k's rollouts, over all its policy tokens.
 *
 * Source: Skywork-OR1, arXiv 2505.22312, section 3.2.5, without the clamp; target 0.2. The released scripts have start 0,
 * delta 1e-4 and the clamp to 0 .. 0.005, which are the defaults here; its code turns the bonus on at e < target, the paper at
 * e <= target (as here), and the paper's study has delta 0.005. TRL moves c once per optimizer step and takes the
 * entropy of its batch (use_adaptive_entropy: delta 0.005, target 0.2).
 */
export interface AdaptiveOptions {
  /** nats */
  target: number
  delta: number
  start: number
  min: number
  max: number
}

/** JSON; saved with the checkpoint. */
export interface AdaptiveState {
  /** What step k's updates use. */
  used: number
  /** c_{k+1}: the next step's coefficient, before the question whether it is used. */
  next: number
}

/** Step k's coefficient, and the state to go on from. `entropy` is e_k; without a state it is the first step. */
export function adaptCoefficient(
  state: AdaptiveState | undefined,
  entropy: number,
  { target, delta, start, min, max }: AdaptiveOptions,
): AdaptiveState {
  if (!Number.isFinite(entropy)) throw new RangeError(`the batch's mean entropy is ${entropy}`)
  const present = state?.next ?? start
  const moved = entropy < target ? present + delta : present - delta
  return { used: entropy <= target ? present : 0, next: Math.min(max, Math.max(min, moved)) }
}

export const adaptiveEntropyMethod = entropyMethod({
  name: 'adaptive-entropy',
  summary: "c H with c moved by delta a step, acting where the rollouts' mean H is at or below the target",
  source: '[2505.22312](https://arxiv.org/abs/2505.22312) and its scripts',
  options: optionSection(
    'adaptive',
    ({ z }) =>
      z
        .strictObject({
          target: z
            .number()
            .min(0)
            .default(0.2)
            .describe('Entropy, in nats per token, at or below which the bonus acts (0.2: Skywork-OR1).'),
          delta: z.number().gt(0).default(1e-4).describe("The coefficient's change per step."),
          start: z.number().min(0).default(0).describe('The coefficient of the first step.'),
          min: z.number().min(0).default(0).describe('Smallest coefficient.'),
          max: z.number().gt(0).default(0.005).describe('Largest coefficient.'),
        })
        .describe('Options of adaptive-entropy (Skywork-OR1, arXiv 2505.22312).'),
    [
      {
        path: 'entropy.adaptive',
        reads: ['entropy.adaptive'],
        check: (given) =>
          given && !(given.min <= given.start && given.start <= given.max)
            ? `needs min <= start <= max (got ${given.min}, ${given.start}, ${given.max})`
            : undefined,
      },
    ],
  ),
  excludes: [oneBonusCoefficient],
  needs: { statistics: [], moments: 'exact', bonus: true },
  aim: (target) => ({ target }),
  controller: {
    key: 'adaptive',
    state: ({ z }) => z.object({ used: z.number(), next: z.number() }),
    next: adaptCoefficient,
    // The atlas shows the bonus at its largest, where the batch's entropy is low enough for it to act.
    alone: (entropy, { target, max }): AdaptiveState => ({ used: entropy <= target ? max : 0, next: max }),
    entropyCoef: ({ used }) => used,
    metrics: ({ used }) => ({ entropy_coef: used }),
  },
  checks: [setsEntropyCoef('adaptive-entropy', 'entropy.adaptive.start')],
  atlas: ({ options }) => [{ name: `adaptive-entropy ${options.max}` }],
})
