import { entropyCurves, scatter, stepCurves } from '../figures.js'
import { pairsWith } from '../ledger.js'
import { correlationOf, entropyChange, meanOf } from '../measures.js'
import type { Claim } from '../types.js'

export const covariance: Claim = {
  id: 'covariance',
  title: 'Cov(A, Sc) explains the collapse of entropy.',
  experiment:
    'Its trace under GRPO, beside the entropy: the covariance must be above 0 on average while entropy falls, and step by ' +
    'step -Cov(A, Sc) must go with the change of entropy that was measured on the same tokens.',
  comparisons: [
    { of: { variant: 'grpo', measure: meanOf('cov_A_Sc', 'mean Cov(A, Sc)', 'nats') }, expected: 'above' },
    { of: { variant: 'grpo', measure: entropyChange }, expected: 'below' },
    {
      of: {
        variant: 'grpo',
        measure: correlationOf('correlation of measured dH with -Cov(A, Sc)', pairsWith('cov_A_Sc')),
      },
      expected: 'above',
    },
  ],
  figures: [
    stepCurves(
      {
        id: 'covariance-trace',
        title: 'Cov(A, Sc)',
        unit: 'nats',
        caption: 'Above 0 the batch, in expectation, pushes entropy down.',
      },
      'cov_A_Sc',
      ['grpo', 'clip-b', 'clip-v'],
    ),
    entropyCurves('covariance', ['grpo', 'clip-b', 'clip-v']),
    scatter(
      {
        id: 'covariance-measured',
        title: 'Covariance and measured change',
        caption: 'A point for each step on the ledger, all seeds.',
        xLabel: '-Cov(A, Sc)',
        yLabel: 'measured dH, nats',
      },
      ['grpo'],
      pairsWith('cov_A_Sc'),
    ),
  ],
}
