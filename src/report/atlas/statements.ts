/**
 * The paper's three statements on existing methods (arXiv 2602.03392, its section on them), each as a measurement with a
 * criterion that stands before it.
 */
import { covariance, type MethodTokens, meanAndSigma } from '../../entropy/index.js'
import { type AtlasBatch, methodSlopes, wholeSlopes } from './measure.js'
import type { AtlasMethod } from './methods.js'

export type Verdict = 'holds' | 'does not hold' | 'nothing to judge'

export interface Statement {
  id: 'clip-hits-unlikely' | 'clip-positive-negative' | 'high-entropy-positive'
  /** What the paper says. */
  text: string
  /** When it counts as holding here. */
  criterion: string
  verdict: Verdict
  /** The figures behind the verdict, by name. */
  figures: Record<string, number>
}

const centredOf = ({ S, expectedS }: MethodTokens) => Float64Array.from(S, (value, t) => value - expectedS[t])

/** `clip`: PPO's clip as it trains. */
export function statements(batches: readonly AtlasBatch[], clip: AtlasMethod, seed: number): Statement[] {
  const stopped = { positive: side(), negative: side() }
  const all = { tokens: 0, below: 0 }
  for (const batch of batches) {
    const { clipped } = methodSlopes(batch, clip, { seed, step: batch.step, update: 1 })
    const whole = wholeSlopes(batch)
    const centred = centredOf(batch)
    for (let t = 0; t < clipped.length; t++) {
      if (!batch.isPolicyToken[t] || batch.advantage[t] === 0) continue
      all.tokens++
      if (centred[t] < 0) all.below++
      if (!clipped[t]) continue
      const own = batch.advantage[t] > 0 ? stopped.positive : stopped.negative
      own.tokens++
      if (centred[t] < 0) own.below++
      own.effect += -batch.weight[t] * whole[t] * centred[t]
    }
  }
  return [hits(stopped, all), tends(stopped), highEntropyScores(batches)]
}

interface Side {
  tokens: number
  /** Of them with Sc < 0. */
  below: number
  /** Predicted dH that they would have had. */
  effect: number
}
const side = (): Side => ({ tokens: 0, below: 0, effect: 0 })

type Stopped = { positive: Side; negative: Side }

const verdictOf = (judged: boolean, holds: boolean): Verdict =>
  judged ? (holds ? 'holds' : 'does not hold') : 'nothing to judge'

function hits({ positive, negative }: Stopped, all: { tokens: number; below: number }): Statement {
  const tokens = positive.tokens + negative.tokens
  const below = positive.below + negative.below
  return {
    id: 'clip-hits-unlikely',
    text: 'The PPO clip mostly hits tokens with Sc < 0.',
    criterion: 'more than half of the clipped tokens have Sc < 0, and a larger share of them than of all tokens',
    verdict: verdictOf(tokens > 0, below / tokens > 0.5 && below / tokens > all.below / all.tokens),
    figures: {
      clipped_tokens: tokens,
      clipped_share: tokens / all.tokens,
      clipped_below_share: below / tokens,
      all_below_share: all.below / all.tokens,
    },
  }
}

function tends({ positive, negative }: Stopped): Statement {
  const judged = positive.tokens > 0 && negative.tokens > 0
  return {
    id: 'clip-positive-negative',
    text: 'Clipping positive samples tends to raise entropy, and clipping negative ones to lower it.',
    criterion: 'leaving out the clipped updates with A > 0 raises the predicted dH, and those with A < 0 lowers it',
    verdict: verdictOf(judged, positive.effect < 0 && negative.effect > 0),
    figures: {
      clipped_positive_tokens: positive.tokens,
      clipped_negative_tokens: negative.tokens,
      change_by_clipping_positive: -positive.effect,
      change_by_clipping_negative: -negative.effect,
    },
  }
}

/** Of the 20 % of each batch's tokens with the largest H. */
function highEntropyScores(batches: readonly AtlasBatch[]): Statement {
  let top = 0
  let above = 0
  let all = 0
  let allAbove = 0
  let sum = 0
  let correlation = 0
  for (const batch of batches) {
    const centred = centredOf(batch)
    const own = Array.from(batch.isPolicyToken.keys()).filter((t) => batch.isPolicyToken[t])
    all += own.length
    allAbove += own.filter((t) => centred[t] > 0).length
    const ranked = [...own].sort((a, b) => batch.entropy[b] - batch.entropy[a])
    for (const t of ranked.slice(0, Math.max(1, Math.floor(0.2 * own.length)))) {
      top++
      sum += centred[t]
      if (centred[t] > 0) above++
    }
    const spread = (values: ArrayLike<number>) => meanAndSigma((t) => values[t], batch.isPolicyToken).sigma
    correlation +=
      covariance(batch.entropy, centred, batch.isPolicyToken) /
      (spread(batch.entropy) * spread(centred)) /
      batches.length
  }
  return {
    id: 'high-entropy-positive',
    text: 'High-entropy tokens have Sc > 0.',
    criterion:
      'more than half of the 20 % of tokens with the largest H have Sc > 0, and a larger share of them than of all tokens',
    verdict: verdictOf(top > 0, above / top > 0.5 && above / top > allAbove / all),
    figures: {
      top_tokens: top,
      top_above_share: above / top,
      all_above_share: allAbove / all,
      top_mean_centred_score: sum / top,
      correlation_H_Sc: correlation,
    },
  }
}
