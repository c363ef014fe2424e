/**
 * What a backend can do, as far as recipes differ in asking for it. A recipe is checked against it before anything starts
 * (needs.ts); a backend that leaves a thing out must refuse it, too, and never leaves it out in silence.
 */
import { type SamplerCapabilities, type StatisticsLevel, samplingSettings } from '../rollout/sampler-kind.js'

/** Parts of the objective and of the update, with what they ask for. */
export const updateTerms = {
  clip: 'a clip of the importance ratio (no gradient outside of it)',
  dualClip: 'a second bound on the importance ratio where A < 0',
  surrogate: 'a surrogate of its own in place of the clipped ratio',
  sequenceRatio: 'one importance ratio for a whole completion',
  mask: 'no gradient of single tokens that still count in the denominators',
  rolloutKl: 'a KL term to the policy that sampled, with a coefficient for each token',
  entropyBonus: 'the gradient of the entropy',
  importanceCap: 'a cap on the importance weight',
  kl: 'a KL term to the frozen reference',
  temperature: 'log-probabilities at a temperature other than 1',
  critic: 'a value model that is trained beside the policy',
  ledger: 'the exact change of entropy by the step',
  skip: 'an update that is left out where it is not finite',
} as const
export type UpdateTerm = keyof typeof updateTerms

/** Keys of the recipe's `train` that set the optimizer. */
export const optimizerSettings = ['weightDecay', 'betas', 'eps', 'gradClip'] as const
export type OptimizerSetting = (typeof optimizerSettings)[number]

/** Keys of the recipe's `lora` that shape the adapter. */
export const adapterSettings = ['alpha', 'rankStabilized', 'dropout', 'targets', 'from'] as const
export type AdapterSetting = (typeof adapterSettings)[number]

export interface BackendCapabilities {
  /** How much of each token's distribution `score` reports. */
  statistics: StatisticsLevel
  terms: readonly UpdateTerm[]
  /** Settings of the optimizer that it takes from the recipe, besides the learning rate; own: it is to use its own. */
  optimizer: readonly OptimizerSetting[] | 'own'
  /** What to write in a recipe for the others. */
  optimizerAdvice?: string
  /** What it can train: all weights, an adapter, or both. */
  trains: readonly ('weights' | 'adapter')[]
  adapter: readonly AdapterSetting[]
  /** Whether it can keep the policy that the run began with as a reference. */
  reference: boolean
  /** Whether `load` of what `save` wrote goes on to the same bits. */
  resumesBitForBit: boolean
  /** Whether it computes on this machine, so that the plan counts its memory. */
  here: boolean
  /** Of `sample`, its own sampling. */
  sampling: SamplerCapabilities
}

const keysOf = <T extends object>(table: T) => Object.keys(table) as (keyof T)[]

/** Everything there is. */
export const allCapabilities: BackendCapabilities = {
  statistics: 'exact',
  terms: keysOf(updateTerms),
  optimizer: optimizerSettings,
  trains: ['weights', 'adapter'],
  adapter: adapterSettings,
  reference: true,
  resumesBitForBit: true,
  here: true,
  sampling: { statistics: 'exact', settings: keysOf(samplingSettings), repeats: true, overlaps: false },
}
