/**
 * What a recipe asks of its backend and its sampler: which key needs what. The recipe's rules fold over this list, so that a
 * run that could not be computed as written ends before it begins, at the key that asks for too much.
 */
import { ruleOf } from '../entropy/methods/apply.js'
import type { EntropyMethod } from '../entropy/methods/method.js'
import { namedMethods, replacesPpoClip } from '../entropy/methods/recipe-keys.js'
import type { LoraSection } from '../model/lora/section.js'
import { type SamplerCapabilities, type SamplingSetting, samplingSettings } from '../rollout/sampler-kind.js'
import { type SamplerSection, samplerCapabilities } from '../rollout/samplers.js'
import { type BackendSection, backendCapabilities } from './backends.js'
import {
  type AdapterSetting,
  adapterSettings,
  type BackendCapabilities,
  type OptimizerSetting,
  optimizerSettings,
  type UpdateTerm,
  updateTerms,
} from './capabilities.js'
import { methodSettings } from './entropy-control.js'
import type { LoopOptions } from './options.js'

/** What the needs read of a recipe. */
export interface NeedyOptions extends LoopOptions {
  device: string
  dtype: string
  threads?: number
  lora?: LoraSection
  backend?: BackendSection
  sampler?: SamplerSection
}

/** The two that a recipe names, by what they can do. */
export interface Abilities {
  backend: BackendCapabilities
  sampler: SamplerCapabilities
}

export const abilitiesOf = ({ backend, sampler }: Pick<NeedyOptions, 'backend' | 'sampler'>): Abilities => {
  const own = backendCapabilities(backend)
  return { backend: own, sampler: samplerCapabilities(sampler, own.sampling) }
}

/** What is lacking, and in which section's kind. */
export interface Lack {
  of: 'backend' | 'sampler'
  /** What the key asks for, after "needs". */
  what: string
  /** Another way out than the default kind. */
  advice?: string
}

export interface Need {
  /** The key that has the need, in dots. */
  path: string
  /** Whether this recipe has it. */
  present(recipe: NeedyOptions): boolean
  lack(abilities: Abilities): Lack | undefined
}

const term = (name: UpdateTerm): Need['lack'] => {
  return ({ backend }) => (backend.terms.includes(name) ? undefined : { of: 'backend', what: updateTerms[name] })
}

/** Either of the two may report the moments. */
const moments: Need['lack'] = ({ backend, sampler }) =>
  backend.statistics === 'exact' || sampler.statistics === 'exact'
    ? undefined
    : { of: 'backend', what: "exact moments of every token's distribution" }

const bounds: Need['lack'] = ({ backend, sampler }) =>
  backend.statistics === 'none' && sampler.statistics === 'none'
    ? { of: 'backend', what: "moments of every token's distribution, or bounds of them" }
    : undefined

const reference: Need['lack'] = ({ backend }) =>
  backend.reference ? undefined : { of: 'backend', what: 'the starting policy as a frozen reference' }

const setting = (name: SamplingSetting): Need['lack'] => {
  return ({ sampler }) =>
    sampler.settings.includes(name) ? undefined : { of: 'sampler', what: samplingSettings[name] }
}

const here: Need['lack'] = ({ backend }) =>
  backend.here ? undefined : { of: 'backend', what: 'an engine on this machine' }

const optimizer = (name: OptimizerSetting): Need => ({
  path: `train.${name}`,
  present: () => true,
  lack: ({ backend }) =>
    backend.optimizer === 'own' || backend.optimizer.includes(name)
      ? undefined
      : { of: 'backend', what: 'an optimizer that takes it from the recipe', advice: backend.optimizerAdvice },
})

const adapter = (name: AdapterSetting): Need => ({
  path: `lora.${name}`,
  present: ({ lora }) => lora?.[name] !== undefined && lora[name] !== 0,
  lack: ({ backend }) =>
    backend.adapter.includes(name) ? undefined : { of: 'backend', what: 'an adapter that takes it from the recipe' },
})

const method = (present: (method: EntropyMethod) => boolean, lack: Need['lack']): Need => ({
  path: 'entropy.method',
  present: ({ entropy }) => namedMethods(entropy.method).some(present),
  lack,
})

const clips = (side: 'clipLow' | 'clipHigh'): Need => ({
  path: `algorithm.${side}`,
  present: ({ algorithm, entropy }) =>
    replacesPpoClip(entropy.method) === undefined && algorithm[side] !== Number.POSITIVE_INFINITY,
  lack: term('clip'),
})

const onThisMachine = (path: string, present: Need['present']): Need => ({ path, present, lack: here })

export const needs: readonly Need[] = [
  onThisMachine('device', ({ device }) => device !== 'cpu'),
  onThisMachine('dtype', ({ dtype }) => dtype !== 'float32'),
  onThisMachine('threads', ({ threads }) => threads !== undefined),
  { path: 'rollout.temperature', present: ({ rollout }) => rollout.temperature !== 1, lack: setting('temperature') },
  { path: 'rollout.temperature', present: ({ rollout }) => rollout.temperature !== 1, lack: term('temperature') },
  { path: 'rollout.topP', present: ({ rollout }) => rollout.topP < 1, lack: setting('topP') },
  { path: 'rollout.topK', present: ({ rollout }) => rollout.topK > 0, lack: setting('topK') },
  { path: 'rollout.minP', present: ({ rollout }) => rollout.minP > 0, lack: setting('minP') },
  {
    path: 'rollout.stopStrings',
    present: ({ rollout }) => rollout.stopStrings.length > 0,
    lack: setting('stopStrings'),
  },
  { path: 'algorithm.name', present: ({ critic }) => critic !== undefined, lack: term('critic') },
  clips('clipLow'),
  clips('clipHigh'),
  { path: 'algorithm.klCoef', present: ({ algorithm }) => algorithm.klCoef > 0, lack: reference },
  {
    path: 'algorithm.klCoef',
    present: ({ algorithm }) => algorithm.klCoef > 0 && algorithm.klIn === 'loss',
    lack: term('kl'),
  },
  {
    path: 'algorithm.importanceCap',
    present: ({ algorithm }) => algorithm.importanceCap !== Number.POSITIVE_INFINITY,
    lack: term('importanceCap'),
  },
  {
    path: 'algorithm.entropyCoef',
    present: ({ algorithm }) => algorithm.entropyCoef !== 0,
    lack: term('entropyBonus'),
  },
  method(({ needs: own }) => own.moments === 'exact', moments),
  method(({ needs: own }) => own.moments === 'bounds', bounds),
  method(({ needs: own }) => own.bonus === true, term('entropyBonus')),
  method(({ needs: own }) => own.rolloutKl === true, term('rolloutKl')),
  method(({ masks }) => masks !== undefined, term('mask')),
  method(({ ratio }) => ratio !== undefined, term('sequenceRatio')),
  {
    path: 'entropy.method',
    present: (recipe) => ruleOf(methodSettings(recipe)).dualClip !== undefined,
    lack: term('dualClip'),
  },
  {
    path: 'entropy.method',
    present: (recipe) => ruleOf(methodSettings(recipe)).surrogate !== undefined,
    lack: term('surrogate'),
  },
  { path: 'entropy.target', present: ({ entropy }) => entropy.target !== undefined, lack: moments },
  {
    path: 'entropy.statistics',
    present: ({ entropy, train }) => entropy.statistics === 'current' && train.updatesPerBatch * train.epochs > 1,
    lack: ({ backend }) =>
      backend.statistics === 'exact'
        ? undefined
        : { of: 'backend', what: 'exact moments under the present policy', advice: 'set it to rollout' },
  },
  ...optimizerSettings.map(optimizer),
  { path: 'train.onNonFinite', present: ({ train }) => train.onNonFinite === 'skip', lack: term('skip') },
  onThisMachine('train.optimizerDevice', ({ train }) => train.optimizerDevice !== undefined),
  onThisMachine('train.activationCheckpointing', ({ train }) => train.activationCheckpointing),
  {
    path: 'lora',
    present: ({ lora }) => lora !== undefined,
    lack: ({ backend }) =>
      backend.trains.includes('adapter') ? undefined : { of: 'backend', what: 'an adapter on a frozen model' },
  },
  {
    path: 'lora',
    present: ({ lora }) => lora === undefined,
    lack: ({ backend }) =>
      backend.trains.includes('weights')
        ? undefined
        : { of: 'backend', what: 'training of all weights where it is absent', advice: 'add a lora section' },
  },
  ...adapterSettings.map(adapter),
  { path: 'ledger', present: ({ ledger }) => ledger !== undefined, lack: term('ledger') },
  // The loop's own metrics: entropy, its prediction, covariances.
  { path: 'backend.kind', present: () => true, lack: moments },
]
