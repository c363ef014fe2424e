/**
 * What a method leaves of a batch's update, in the terms of the entropy theory.
 *
 * A token's update moves entropy by e = -w g Sc, with g the slope of its objective in log p and w its aggregation weight
 * (src/entropy/predict.ts); over a batch the e sum up to the predicted dH. Under the whole update, g = r A with nothing
 * clipped, the tokens fall into four classes: A > 0 or A < 0, raising (e > 0) or lowering (e < 0). A method's share of a
 * class is its own sum of e over that class's tokens, over the class's whole sum: 1 where it leaves them alone, 0 where it
 * drops them, more than 1 or less than 0 where it weighs them up or turns them round.
 */
import { applyMethods, type DrawKey, type MethodTokens, predictStep } from '../../entropy/index.js'
import { baselineOf } from '../../entropy/methods/apply.js'
import { setByStates, statesAlone } from '../../entropy/methods/states.js'
import { type AdvantageKind, groupAdvantages } from '../../train/advantages.js'
import { tokenObjective } from '../../train/objective.js'
import type { AtlasMethod } from './methods.js'

/** The tokens of one optimizer step. */
export interface AtlasBatch extends MethodTokens {
  step: number
  /** Number of steps of the run, where it is known. */
  steps?: number
  /** sum_i S_i^2, where it is known: a bonus's effect needs it. */
  sumS2?: Float64Array
  /** Aggregation weight of every token in the objective. */
  weight: Float64Array
  /** Rewards of the completions of each prompt, and how advantages follow from them, where they are known. */
  groups?: readonly { completions: readonly number[]; rewards: readonly number[] }[]
  advantageKind?: AdvantageKind
}

export interface ClassSums {
  raising: number
  lowering: number
}

/** Sums over one or more batches. */
export interface MethodSums {
  /** Tokens with A not 0 that keep a gradient. */
  keptTokens: number
  positive: ClassSums
  negative: ClassSums
  /** Predicted dH of the updates, without a bonus; of several batches the sum. */
  dH: number
  /** Predicted dH of the entropy bonus; absent where sum S^2 is not known. */
  bonus?: number
}

/** g of every token under the whole update: r A. */
export function wholeSlopes({ advantage, logprob, rolloutLogprob }: MethodTokens): Float64Array {
  return Float64Array.from(advantage, (A, t) => (A === 0 ? 0 : Math.exp(logprob[t] - rolloutLogprob[t]) * A))
}

export interface MethodSlopes {
  /** d objective / d log p of every token, 0 where masked or clipped. */
  slope: Float64Array
  /** 1 where the rule on the ratio stopped it. */
  clipped: Uint8Array
  entropyCoef: number
}

/** What the method makes of each token of the batch, exactly as a training step would. */
export function methodSlopes(recorded: AtlasBatch, method: AtlasMethod, key: DrawKey): MethodSlopes {
  const batch = { ...recorded, advantage: advantagesUnder(recorded, method) }
  const states = statesAlone(method.settings, {
    entropy: meanEntropy(batch),
    step: batch.step,
    steps: batch.steps ?? batch.step,
  })
  const effect = applyMethods(batch, method.settings, { ...key, states })
  const count = batch.isPolicyToken.length
  const slope = new Float64Array(count)
  const clipped = new Uint8Array(count)
  const options = {
    ...effect.rule,
    importanceCap: Number.POSITIVE_INFINITY,
    klCoef: 0,
    klEstimator: 'k3' as const,
    entropyCoef: 0,
  }
  for (let t = 0; t < count; t++) {
    if (!batch.isPolicyToken[t]) continue
    const token = tokenObjective(
      {
        logprob: batch.logprob[t],
        rolloutLogprob: batch.rolloutLogprob[t],
        ratio: effect.ratio?.[t],
        rolloutKlCoef: effect.rolloutKlCoef?.[t],
        advantage: batch.advantage[t] * (effect.weight?.[t] ?? 1),
        entropy: batch.entropy[t],
      },
      options,
    )
    clipped[t] = token.clipped ? 1 : 0
    slope[t] = effect.mask[t] ? token.slope : 0
  }
  const { entropyCoef = method.entropyCoef ?? 0 } = setByStates(method.settings, states)
  return { slope, clipped, entropyCoef }
}

/** The advantages that the method would have given; the recorded ones where it has no say, or the rewards are not known. */
function advantagesUnder(batch: AtlasBatch, { settings }: AtlasMethod): MethodTokens['advantage'] {
  const baseline = baselineOf(settings)
  if (!baseline || !batch.groups) return batch.advantage
  const groups = batch.groups.filter(({ rewards }) => rewards.length > 1)
  const kind = batch.advantageKind ?? 'group'
  const given = groupAdvantages(
    groups.map(({ rewards }) => rewards),
    kind === 'leave-one-out' ? 'group-nostd' : kind,
    baseline,
  )
  const advantage = Float64Array.from(batch.advantage)
  groups.forEach(({ completions }, g) => {
    completions.forEach((i, member) => {
      advantage.fill(given[g][member], batch.starts[i], batch.starts[i + 1] ?? advantage.length)
    })
  })
  return advantage
}

function meanEntropy({ entropy, isPolicyToken }: MethodTokens): number {
  let sum = 0
  let count = 0
  isPolicyToken.forEach((flag, t) => {
    if (!flag) return
    sum += entropy[t]
    count++
  })
  return sum / count
}

export function measureMethod(batches: readonly AtlasBatch[], method: AtlasMethod, seed: number): MethodSums {
  const sums: MethodSums = {
    keptTokens: 0,
    positive: { raising: 0, lowering: 0 },
    negative: { raising: 0, lowering: 0 },
    dH: 0,
    bonus: 0,
  }
  for (const batch of batches) {
    const { slope, entropyCoef } = methodSlopes(batch, method, { seed, step: batch.step, update: 1 })
    const whole = wholeSlopes(batch)
    const weighted = slope.map((value, t) => value * batch.weight[t])
    const step = predictStep({ ...batch, slope: weighted }, batch.sumS2 ? { entropyCoef } : {})
    sums.dH += step.kept
    sums.bonus = batch.sumS2 || entropyCoef === 0 ? sums.bonus! + step.bonus : Number.NaN
    for (let t = 0; t < slope.length; t++) {
      const A = batch.advantage[t]
      if (!batch.isPolicyToken[t] || A === 0) continue
      if (slope[t] !== 0) sums.keptTokens++
      const centred = batch.S[t] - batch.expectedS[t]
      const side = A > 0 ? sums.positive : sums.negative
      const effect = -batch.weight[t] * slope[t] * centred
      if (-whole[t] * centred > 0) side.raising += effect
      else side.lowering += effect
    }
  }
  return Number.isNaN(sums.bonus) ? { ...sums, bonus: undefined } : sums
}
