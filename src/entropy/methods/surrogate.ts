/**
 * The surrogate of one token: what every rule on the importance ratio turns it into. Its derivative with respect to
 * log p_k is what trains; it acts on the logits along e_k - p.
 */
import { dualClip } from './dual-clip.js'
import { methods } from './index.js'
import type { EntropyMethod } from './method.js'
import { type ClipBounds, ppoClip } from './ppo-clip.js'

export interface Surrogate {
  value: number
  /** What trains: d value / d log p_k, where the rule has no constant weights; 0 where `clipped`. */
  slope: number
  /** Whether the rule stopped the gradient. */
  clipped: boolean
}

/** What a rule looks at. */
export interface SurrogateToken {
  ratio: number
  /** r under a cap: what multiplies A in place of r, a constant. */
  weight: number
  /** A; never 0 here. */
  advantage: number
  logprob: number
  /** log p under the policy that sampled: the token's own ratio is exp(logprob - rolloutLogprob), whatever `ratio` is. */
  rolloutLogprob: number
}

/** Data: a rule travels to the backend, which may be another thread. */
export interface SurrogateRule extends ClipBounds {
  /**
   * clip (default): no gradient outside the bounds (PPO). weight: r within the bounds is a constant weight (CISPO).
   * Another name: the surrogate that a method declares under it.
   */
  surrogate?: 'clip' | 'weight' | (string & {})
  /** r above it gives no gradient where A < 0 (dual clip); absent: off. Surrogate clip only. */
  dualClip?: number
  /** What the surrogate of another method takes. */
  options?: unknown
}

const declared = new Map(
  methods.flatMap(({ surrogate: own }: EntropyMethod) => (own ? [[own.name, own.of] as const] : [])),
)

/**
 * The rule's surrogate; `cap` is the largest importance weight, by which r is replaced as a constant. The rule looks at r
 * itself; what it multiplies A by, a bound of the clip included, is at most the cap. Under the clip a token's value equals
 * its slope wherever the gradient flows. Without `rolloutLogprob`, `ratio` is the token's own.
 */
export function surrogate(
  rule: SurrogateRule,
  {
    ratio,
    advantage,
    logprob,
    rolloutLogprob = logprob - Math.log(ratio),
  }: Omit<SurrogateToken, 'weight' | 'rolloutLogprob'> & Partial<Pick<SurrogateToken, 'rolloutLogprob'>>,
  cap = Number.POSITIVE_INFINITY,
): Surrogate {
  // 0 * Infinity would make a token without advantage poison the sum.
  if (advantage === 0) return { value: 0, slope: 0, clipped: false }
  const weight = Math.min(ratio, cap)
  const { surrogate: name = 'clip' } = rule
  if (name !== 'clip') {
    const of = declared.get(name)
    if (!of) throw new RangeError(`no entropy method declares the surrogate ${name}`)
    return of({ ratio, weight, advantage, logprob, rolloutLogprob }, rule)
  }
  const open = ppoClip(ratio, advantage, rule, weight)
  const bounded = rule.dualClip === undefined ? open : dualClip(open, ratio, advantage, rule.dualClip)
  const most = cap * advantage
  return { ...bounded, value: advantage > 0 ? Math.min(bounded.value, most) : Math.max(bounded.value, most) }
}
