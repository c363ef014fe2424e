/** Why some methods cannot be combined: those that list the same exclusion are refused together. */
import type { Exclusion } from './method.js'

export const oneRatioRule: Exclusion = {
  because: 'each says what becomes of the importance ratio, and only one can',
}
export const oneSurrogate: Exclusion = {
  because: "dual-clip bounds PPO's clipped surrogate, which the other replaces",
}
export const oneCovarianceTreatment: Exclusion = { because: 'they are two treatments of the same tokens' }
export const oneBonusCoefficient: Exclusion = { because: 'both set the coefficient of the entropy bonus' }
export const oneSetOfBounds: Exclusion = {
  because: 'both read muLow, muHigh, applyTo and maxFraction, in different units',
}
export const oneEntropyLevel: Exclusion = { because: 'each drives entropy to a level of its own' }
