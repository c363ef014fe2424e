/**
 * The entropy target on one optimizer step's batch (src/entropy/target-controller.ts): what every token's update would
 * predict, the bound of the configured clip that leaves what the controller wants, and the state to continue from.
 */

import { isEligible } from '../entropy/clip-options.js'
import { namedMethods } from '../entropy/methods/recipe-keys.js'
import { meanAndSigma } from '../entropy/statistics.js'
import { targetAt } from '../entropy/target.js'
import { applied, initialTargetState, observe, type TargetState, wantedChange } from '../entropy/target-controller.js'
import { thresholdFor } from '../entropy/threshold.js'
import type { FlatTokens } from './batch.js'
import type { ControlContext, EntropyControl } from './entropy-control.js'
import { tokenObjective } from './objective.js'
import type { LoopOptions } from './options.js'

/** Largest share of the tokens with an advantage that may be masked, where the recipe gives none. */
const defaultMaxFraction = 0.25
/** Updates in a row without enough to mask, after which the target counts as out of reach. */
const patience = 10

/** The control with the mask that holds the target. `control` is what the recipe's methods make of the batch without it. */
export function holdEntropy(
  control: EntropyControl,
  tokens: FlatTokens,
  { entropy, train }: LoopOptions,
  { step, update, weight, rolloutEntropy, state: before }: ControlContext,
): EntropyControl {
  const target = targetAt(entropy.target!, step)
  const beta = train.betas[0]
  const saved = before.setpoint ?? initialTargetState()
  const state = update === 0 || saved.entropy === undefined ? observe(saved, rolloutEntropy) : saved
  const wanted = wantedChange(state, { target, beta, updatesPerStep: train.updatesPerBatch * train.epochs })

  const { isPolicyToken, S, advantage } = tokens
  // The recipe's rules see to it that a method with a score is named.
  const clip = namedMethods(entropy.method).find((method) => method.score)!.score!
  const scoreOf = clip.scoreOf(tokens)
  const { mean, sigma } = meanAndSigma(scoreOf, isPolicyToken)
  const centre = clip.centreOf(mean)
  const eligible = isPolicyToken.map((flag, t) =>
    flag && control.mask[t] && isEligible(advantage[t], entropy.applyTo ?? 'all') ? 1 : 0,
  )
  const threshold = thresholdFor(
    { deviation: S.map((_, t) => scoreOf(t) - centre), effect: predictedEffects(control, tokens, weight), eligible },
    {
      wanted,
      cap: Math.floor((entropy.maxFraction ?? defaultMaxFraction) * eligible.reduce((n, flag) => n + flag, 0)),
      offset: control.objective.entropyCoef * bonusEffect(tokens, weight),
    },
  )
  const { bound, masked, kept, saturated } = threshold
  const next = applied(state, { kept, beta, short: saturated })
  return {
    ...control,
    mask: control.mask.map((flag, t) => (masked[t] ? 0 : flag)),
    maskedLow: control.maskedLow + threshold.maskedLow,
    maskedHigh: control.maskedHigh + threshold.maskedHigh,
    metrics: {
      ...control.metrics,
      entropy_target: target,
      setpoint_gain: state.gain,
      setpoint_drift: state.drift,
      setpoint_wanted_dH: wanted,
      setpoint_short: saturated ? 1 : 0,
      ...(Number.isFinite(bound) && sigma > 0
        ? { setpoint_mu: bound / sigma, setpoint_low: centre - bound, setpoint_high: centre + bound }
        : {}),
    },
    warnings: [...(control.warnings ?? []), ...outOfReach(next, wanted > threshold.unmasked, target)],
    state: { ...control.state, setpoint: next },
  }
}

/** -(1/N) c g Sc of every token that passes the other methods: what its update would predict, by what is known before. */
function predictedEffects(
  { mask, tokenWeight, ratio, rolloutKlCoef, objective }: EntropyControl,
  { S, expectedS, advantage, isPolicyToken, logprob, rolloutLogprob, entropy }: FlatTokens,
  weight: Float64Array,
): Float64Array {
  return S.map((s, t) => {
    if (!isPolicyToken[t] || !mask[t]) return 0
    const { slope } = tokenObjective(
      {
        logprob: logprob[t],
        rolloutLogprob: rolloutLogprob[t],
        ratio: ratio?.[t],
        rolloutKlCoef: rolloutKlCoef?.[t],
        advantage: advantage[t] * (tokenWeight?.[t] ?? 1),
        entropy: entropy[t],
      },
      { ...objective, klCoef: 0 },
    )
    return -slope * weight[t] * (s - expectedS[t])
  })
}

/** What an entropy bonus of coefficient 1 predicts. */
const bonusEffect = ({ sumS2, isPolicyToken }: FlatTokens, weight: Float64Array): number =>
  sumS2.reduce((sum, value, t) => sum + (isPolicyToken[t] ? value * weight[t] : 0), 0)

/** Said once, when the patience ends; again only after the target was in reach in between. */
function outOfReach({ short }: TargetState, lift: boolean, target: number): string[] {
  if (short !== patience) return []
  const kind = lift ? 'lower' : 'raise'
  return [
    `the entropy target of ${target.toPrecision(3)} nats is out of reach by masking: for ${patience} updates in a row ` +
      `masking the tokens whose update would ${kind} entropy, as many as entropy.maxFraction allows, was not enough`,
  ]
}
