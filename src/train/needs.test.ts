import { describe, expect, it } from 'vitest'
import { optionsOf } from '../entropy/methods/apply.js'
import type { EntropyMethod } from '../entropy/methods/method.js'
import { methodOptions, methods } from '../entropy/methods/recipe-keys.js'
import type { MethodTokens } from '../entropy/methods/types.js'
import { parseRecipe } from '../recipe/index.js'
import type { RecipeInput } from '../recipe/input.js'
import { allCapabilities, type BackendCapabilities, optimizerSettings } from './capabilities.js'
import { needs } from './needs.js'

type Changes = { [K in keyof RecipeInput]?: RecipeInput[K] }

const recipeOf = (changes: Changes) => parseRecipe({ model: 'm', task: { name: 'arithmetic' }, ...changes })

/** Everything but `without`. */
function lacking(without: Partial<BackendCapabilities>, changes: Changes = {}): string[] {
  const backend = { ...allCapabilities, ...without }
  const recipe = recipeOf(changes)
  return needs.flatMap(({ path, present, lack }) => {
    const found = present(recipe) ? lack({ backend, sampler: backend.sampling }) : undefined
    return found ? [`${path} (${found.of})`] : []
  })
}

const noTerms = { terms: [] }

it.each(methods.map((method) => [method.name, method] as const))('%s declares its effects', (_, method) => {
  const tokens = {
    S: [0.1, -0.2, 0.3, -0.1],
    expectedS: [0, 0.1, 0, 0.1],
    entropy: [0.5, 1, 0.2, 0.7],
    logprob: [-0.1, -2, -0.3, -1],
    rolloutLogprob: [-0.2, -1.5, -0.3, -1.2],
    rolloutEntropy: [0.6, 1, 0.1, 0.7],
    advantage: [1, -1, 0.5, -0.5],
    isPolicyToken: Uint8Array.from([1, 1, 1, 1]),
    starts: [0, 2],
  }
  const floats = Object.fromEntries(
    Object.entries(tokens).map(([name, values]) => [
      name,
      Array.isArray(values) && name !== 'starts' ? Float64Array.from(values) : values,
    ]),
  ) as unknown as MethodTokens
  const { entropy } = recipeOf({
    entropy: { method: method.name, ...method.example?.entropy } as never,
    ...example(method),
  })
  const options = optionsOf(method, methodOptions(entropy))
  const context = { seed: 0, step: 1, update: 0, stopped: () => new Uint8Array(4) }
  const effect = method.effect?.(floats, options, context) ?? {}
  expect(effect.rolloutKlCoef !== undefined).toBe(method.needs.rolloutKl === true)
  expect(effect.mask !== undefined).toBe(method.masks !== undefined)
})

const example = ({ example }: EntropyMethod): Changes => (example?.algorithm ? { algorithm: example.algorithm } : {})

describe('what a recipe needs', () => {
  it('is there in a backend that can do everything', () => {
    const everything: Changes = {
      device: 'cuda',
      dtype: 'bfloat16',
      rollout: { temperature: 0.7, topP: 0.9, minP: 0.1, topK: 5, stopStrings: ['x'] },
      algorithm: { name: 'ppo', klCoef: 0.1, entropyCoef: 0.1, importanceCap: 2 },
      entropy: { method: ['clip-b', 'dual-clip'], target: 0.5 },
      lora: { rank: 4, alpha: 8, dropout: 0.1 },
      ledger: { every: 5 },
      train: { onNonFinite: 'skip', updatesPerBatch: 2 },
    }
    expect(lacking({}, everything)).toEqual([])
  })

  it.each<[Changes, string[]]>([
    [{}, ['algorithm.clipLow (backend)', 'algorithm.clipHigh (backend)']],
    [{ algorithm: { clipLow: Infinity, clipHigh: Infinity } }, []],
    [{ entropy: { method: 'cispo' } }, ['entropy.method (backend)']],
    [{ entropy: { method: 'kl-cov' } }, ['entropy.method (backend)']],
    // gspo: its ratio; its bounds are its own.
    [
      { entropy: { method: 'gspo' }, algorithm: { aggregation: 'sequence' } },
      Array(1).fill('entropy.method (backend)'),
    ],
  ])('of the objective: %j', (changes, expected) => {
    expect(lacking(noTerms, changes)).toEqual(expected)
  })

  const open: Changes['algorithm'] = { clipLow: Infinity, clipHigh: Infinity }

  it.each<[Changes, string]>([
    [{ algorithm: { ...open, klCoef: 0.1 } }, 'algorithm.klCoef (backend)'],
    [{ algorithm: { ...open, entropyCoef: 0.1 } }, 'algorithm.entropyCoef (backend)'],
    [{ algorithm: { ...open, importanceCap: 2 } }, 'algorithm.importanceCap (backend)'],
    [{ algorithm: { ...open, name: 'ppo' } }, 'algorithm.name (backend)'],
    [{ algorithm: open, ledger: { every: 1 } }, 'ledger (backend)'],
    [{ algorithm: open, train: { onNonFinite: 'skip' } }, 'train.onNonFinite (backend)'],
    [{ algorithm: open, rollout: { temperature: 0.5 } }, 'rollout.temperature (backend)'],
    [{ algorithm: open, entropy: { method: 'clip-v', muLow: 1 } }, 'entropy.method (backend)'],
    [{ algorithm: open, entropy: { method: 'adaptive-entropy' } }, 'entropy.method (backend)'],
  ])('is named at its key: %j', (changes, expected) => {
    expect(lacking(noTerms, changes)).toEqual([expected])
  })

  it('takes the moments from whoever has them, but those of later updates from the backend', () => {
    const clip: Changes = { entropy: { method: 'clip-b', muLow: 1 } }
    const none: Partial<BackendCapabilities> = { statistics: 'none' }
    expect(lacking(none, clip)).toEqual([])
    const topK = { ...allCapabilities.sampling, statistics: 'topK' } as const
    expect(lacking({ ...none, sampling: topK }, clip)).toEqual(['backend.kind (backend)'])
    expect(lacking({ ...none, sampling: topK }, { entropy: { method: 'high-entropy' } })).toEqual([
      'entropy.method (backend)',
      'backend.kind (backend)',
    ])
    expect(lacking({ ...none, sampling: { ...topK, statistics: 'none' } }, clip)).toEqual([
      'entropy.method (backend)',
      'backend.kind (backend)',
    ])
    expect(lacking(none, { ...clip, train: { updatesPerBatch: 2 } })).toEqual(['entropy.statistics (backend)'])
    expect(
      lacking(none, { train: { updatesPerBatch: 2 }, entropy: { ...clip.entropy, statistics: 'rollout' } }),
    ).toEqual([])
  })

  it('is a reference where there is a KL term, wherever that is', () => {
    const without = { reference: false }
    expect(lacking(without)).toEqual([])
    expect(lacking(without, { algorithm: { klCoef: 0.1 } })).toEqual(['algorithm.klCoef (backend)'])
    expect(lacking(without, { algorithm: { name: 'ppo', klCoef: 0.1, klIn: 'reward' } })).toEqual([
      'algorithm.klCoef (backend)',
    ])
  })

  it('is every setting of the optimizer, unless the backend is to use its own', () => {
    expect(lacking({ optimizer: [] })).toEqual(optimizerSettings.map((name) => `train.${name} (backend)`))
    expect(lacking({ optimizer: ['weightDecay', 'betas', 'eps'] })).toEqual(['train.gradClip (backend)'])
    expect(lacking({ optimizer: 'own' })).toEqual([])
  })

  it('is what is trained, and how', () => {
    const lora: Changes = { lora: { alpha: 8, dropout: 0 } }
    expect(lacking({ trains: ['weights'] }, lora)).toEqual(['lora (backend)'])
    expect(lacking({ trains: ['adapter'] })).toEqual(['lora (backend)'])
    expect(lacking({ trains: ['adapter'], adapter: [] }, lora)).toEqual(['lora.alpha (backend)'])
    expect(lacking({ adapter: ['alpha'] }, { lora: { alpha: 8, dropout: 0.1, targets: ['q_proj'] } })).toEqual([
      'lora.dropout (backend)',
      'lora.targets (backend)',
    ])
  })

  it('is a machine where a key speaks of this one', () => {
    const keys: Changes = {
      device: 'cuda',
      dtype: 'bfloat16',
      threads: 2,
      train: { activationCheckpointing: true, optimizerDevice: 'cpu' },
    }
    expect(lacking({ here: false })).toEqual([])
    expect(lacking({ here: false }, keys)).toEqual(
      ['device', 'dtype', 'threads', 'train.optimizerDevice', 'train.activationCheckpointing'].map(
        (key) => `${key} (backend)`,
      ),
    )
  })

  it('is a sampler that obeys what cuts the distribution', () => {
    const sampling = { ...allCapabilities.sampling, settings: ['temperature'] as const }
    const rollout = { temperature: 0.5, topP: 0.9, topK: 5, minP: 0.1, stopStrings: ['x'] }
    expect(lacking({ sampling }, { rollout })).toEqual(
      ['topP', 'topK', 'minP', 'stopStrings'].map((key) => `rollout.${key} (sampler)`),
    )
  })
})
