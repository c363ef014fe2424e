/** Every term of an objective that a backend may declare, as an update that has it. */
import type { UpdateTerm } from '../../src/train/capabilities.js'
import type { ObjectiveOptions } from '../../src/train/objective.js'
import type { BatchChanges } from './backend.js'

export interface TermCase {
  name: string
  needs: UpdateTerm[]
  objective?: Partial<ObjectiveOptions>
  batch?: BatchChanges
}

const clip = { clipLow: 0.2, clipHigh: 0.2 }

export const termCases: TermCase[] = [
  { name: 'the plain surrogate', needs: [] },
  { name: 'a clip', needs: ['clip'], objective: clip },
  { name: 'a dual clip', needs: ['clip', 'dualClip'], objective: { ...clip, dualClip: 1.3 } },
  {
    name: 'a clipped weight (cispo)',
    needs: ['surrogate'],
    objective: { surrogate: 'weight', clipLow: 0.1, clipHigh: 0.1 },
  },
  ...(
    [
      ['sapo', { tauPositive: 1, tauNegative: 2 }],
      ['dppo', { divergence: 'tv', deltaLow: 0.01, deltaHigh: 0.01, cap: 1.1 }],
      ['dppo', { divergence: 'kl', deltaLow: 0.001, deltaHigh: 0.001, cap: 1.1 }],
      ['icepop', { low: 0.9, high: 1.1 }],
      ['ce-gppo', { betaLow: 0.5, betaHigh: 0.8 }],
      ['entropic', { alpha: 0.5, probability: 0.1 }],
      ['entropic', { alpha: -0.5, probability: 0.1 }],
      ['vespo', undefined],
    ] as const
  ).map(([surrogate, options]) => ({
    name: `the surrogate ${surrogate} ${JSON.stringify(options ?? {})}`,
    needs: ['surrogate' as const],
    objective: { surrogate, clipLow: 0.1, clipHigh: 0.1, options },
  })),
  {
    name: 'a sequence ratio whose tokens are clipped one by one (gmpo)',
    needs: ['surrogate', 'sequenceRatio'],
    objective: { surrogate: 'gmpo', clipLow: 0.1, clipHigh: 0.1 },
    batch: { sequenceRatio: true },
  },
  { name: 'a cap', needs: ['importanceCap'], objective: { importanceCap: 1.1 } },
  { name: 'a sequence ratio', needs: ['sequenceRatio'], batch: { sequenceRatio: true } },
  { name: 'a mask', needs: ['mask'], batch: { mask: true } },
  { name: 'a KL term (k3)', needs: ['kl'], objective: { klCoef: 0.3 }, batch: { reference: true } },
  { name: 'a KL term (k2)', needs: ['kl'], objective: { klCoef: 0.3, klEstimator: 'k2' }, batch: { reference: true } },
  { name: 'a KL term to the sampler', needs: ['rolloutKl'], batch: { rolloutKl: true } },
  { name: 'an entropy bonus', needs: ['entropyBonus'], objective: { entropyCoef: 2 } },
  { name: 'an entropy penalty', needs: ['entropyBonus'], objective: { entropyCoef: -2 } },
  { name: 'another temperature', needs: ['temperature'], batch: { temperature: 0.7 } },
  {
    name: 'all of them',
    needs: ['clip', 'importanceCap', 'mask', 'kl', 'rolloutKl', 'entropyBonus', 'temperature'],
    objective: { ...clip, importanceCap: 1.15, klCoef: 0.3, entropyCoef: 0.5 },
    batch: { mask: true, reference: true, rolloutKl: true, temperature: 1.4 },
  },
]
