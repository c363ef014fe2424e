import { entropyMethod, optionSection } from './method.js'
import { largest, type MethodTokens, policyTokens, requireFinite } from './types.js'

export interface StareOptions {
  /** nats */
  target: number
  share: number
  positive: number
  negative: number
  delta: number
  positiveMax: number
  negativeMin: number
}

/** JSON; saved with the checkpoint. */
export interface StareState {
  /** Whether the rollouts' mean H is below the target. */
  on: boolean
  /** The factors of this step, and those of the next. */
  positive: number
  negative: number
  next: { positive: number; negative: number }
}

/** The factors and the gate of a step. `entropy`: mean H of its rollouts, nats; without a state it is the first step. */
export function stareState(state: StareState | undefined, entropy: number, options: StareOptions): StareState {
  if (!Number.isFinite(entropy)) throw new RangeError(`the batch's mean entropy is ${entropy}`)
  const { target, delta, positiveMax, negativeMin } = options
  const { positive, negative } = state?.next ?? options
  if (delta === 0) return { on: entropy < target, positive, negative, next: { positive, negative } }
  const move = delta * Math.sign(target - entropy)
  return {
    on: entropy < target,
    positive,
    negative,
    next: {
      positive: Math.min(positiveMax, Math.max(1, positive + move)),
      negative: Math.min(1, Math.max(negativeMin, negative - move)),
    },
  }
}

/**
 * STARE: while the rollouts' mean H is below a target, A is multiplied by `positive` (W > 1) on the ceil(share n) most
 * surprising (smallest log p) of the n tokens with A > 0, and by `negative` (M <= 1) on those with A < 0; ties to the lower
 * index. Rewarding an unlikely token raises entropy, punishing one lowers it. log p is that of the policy that the step
 * starts from.
 *
 * Source: arXiv 2606.19236 and its code (hp-luo/STARE); target 0.3 nats, share 0.1, W 1.1, and M 1: variant O1, the default
 * there. Variant C2 is M 0.9; for 14B and 32B its README has 1.05 and 0.95. With delta > 0 (0.01 in the code, off by
 * default) the factors move by
 *   W += delta sgn(target - H), within 1 .. positiveMax;   M -= delta sgn(target - H), within negativeMin .. 1
 * once a step, with effect from the next step on (paper, section 4.4; the code moves them before it uses them). The code
 * takes the quantiles over a micro-batch, at least one token of each; here they are the optimizer step's, over all its
 * policy tokens.
 *
 * @throws {RangeError} for arrays of different lengths, or a value of a policy token that is not finite.
 */
export function stare(
  { advantage, logprob, isPolicyToken }: Pick<MethodTokens, 'advantage' | 'logprob' | 'isPolicyToken'>,
  { share }: Pick<StareOptions, 'share'>,
  { on, positive, negative }: Pick<StareState, 'on' | 'positive' | 'negative'>,
): Float64Array {
  requireFinite(isPolicyToken, { advantage, logprob })
  const weight = new Float64Array(isPolicyToken.length).fill(1)
  if (!on) return weight
  const tokens = policyTokens(isPolicyToken)
  for (const [sign, factor] of [
    [1, positive],
    [-1, negative],
  ]) {
    const own = tokens.filter((t) => Math.sign(advantage[t]) === sign)
    for (const t of largest(own, (token) => -logprob[token], Math.ceil(share * own.length))) weight[t] = factor
  }
  return weight
}

export const stareMethod = entropyMethod({
  name: 'stare',
  summary: 'A times W on the most surprising share of the tokens with A > 0 (M: A < 0), while H is below the target',
  source: '[2606.19236](https://arxiv.org/abs/2606.19236) and its code',
  options: optionSection('stare', ({ z, share }) =>
    z
      .strictObject({
        target: z.number().min(0).default(0.3).describe('Entropy, in nats per token, below which the weights act.'),
        share: share.default(0.1).describe('Share of the tokens of each sign of A that is weighted.'),
        positive: z.number().min(1).default(1.1).describe('Weight of the most surprising tokens with A > 0.'),
        negative: z
          .number()
          .min(0)
          .max(1)
          .default(1)
          .describe('Weight of the most surprising tokens with A < 0 (1: variant O1; 0.9: variant C2).'),
        delta: z.number().min(0).default(0).describe("The weights' change per step; 0: they stay."),
        positiveMax: z.number().min(1).default(1.5).describe('Largest weight where A > 0, when delta is above 0.'),
        negativeMin: z
          .number()
          .min(0)
          .max(1)
          .default(0.5)
          .describe('Smallest weight where A < 0, when delta is above 0.'),
      })
      .describe('Options of stare (arXiv 2606.19236).'),
  ),
  needs: { statistics: ['advantage', 'logprob'], moments: 'exact' },
  aim: (target) => ({ target }),
  controller: {
    key: 'stare',
    state: ({ z }) =>
      z.object({
        on: z.boolean(),
        positive: z.number(),
        negative: z.number(),
        next: z.object({ positive: z.number(), negative: z.number() }),
      }),
    next: stareState,
    // The atlas shows what the weights do when they act.
    alone: (_, { positive, negative }): StareState => ({ on: true, positive, negative, next: { positive, negative } }),
    metrics: ({ on, positive }) => ({ entropy_control_weight: on ? positive : 1 }),
  },
  effect: (tokens, options, { state }) => ({
    weight: stare(tokens, options, (state as StareState | undefined) ?? { on: false, positive: 1, negative: 1 }),
  }),
})
