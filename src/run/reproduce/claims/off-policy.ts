import { scatter } from '../figures.js'
import { pairsWithin } from '../ledger.js'
import { correlationOf } from '../measures.js'
import type { Claim } from '../types.js'

/** On the first update of a batch r is 1 and the two predictions are one. */
const later = 1
const withRatio = correlationOf(
  'correlation within batches of measured dH with -Cov(A, r Sc)',
  pairsWithin('cov_A_rSc', later),
)
const without = correlationOf(
  'correlation within batches of measured dH with -Cov(A, Sc)',
  pairsWithin('cov_A_Sc', later),
)

export const offPolicy: Claim = {
  id: 'off-policy',
  title: 'Off-policy, r Sc predicts the change of entropy better than Sc.',
  experiment:
    'Several optimizer steps on each batch, none stopped by the PPO clip, each with its change of entropy measured on its ' +
    'own tokens. From the second step on, and with each batch taken off its own mean, the correlation of that with -Cov(A, r Sc) must ' +
    'be above 0, and above that with -Cov(A, Sc).',
  comparisons: [
    { of: { variant: 'reuse', measure: withRatio }, expected: 'above' },
    {
      of: { variant: 'reuse', measure: withRatio },
      against: { variant: 'reuse', measure: without },
      expected: 'above',
    },
  ],
  figures: [
    scatter(
      {
        id: 'off-policy-ratio',
        title: 'Predicted with the ratio',
        caption:
          'A point for each optimizer step from the second on a batch on, less the means of its batch; all seeds.',
        xLabel: '-Cov(A, r Sc), less its batch’s mean',
        yLabel: 'measured dH less its mean, nats',
      },
      ['reuse'],
      pairsWithin('cov_A_rSc', later),
    ),
    scatter(
      {
        id: 'off-policy-plain',
        title: 'Predicted without the ratio',
        caption: 'The same steps.',
        xLabel: '-Cov(A, Sc), less its batch’s mean',
        yLabel: 'measured dH less its mean, nats',
      },
      ['reuse'],
      pairsWithin('cov_A_Sc', later),
    ),
  ],
}
