import { entropyCurves, quantityCurves, scatter, stepCurves } from '../figures.js'
import { agreements, pairsWith, predictedPairs } from '../ledger.js'
import { correlationOf, entropyChange, meanOf } from '../measures.js'
import type { Claim, Comparison, Measure } from '../types.js'
import { clips } from '../variants.js'

/** Rows of the ledger by the signs of A and Sc, and the direction in which -A Sc sees each. */
const rows = [
  { name: 'A > 0, Sc > 0', key: 'ledger_kept_positive_above', expected: 'below' },
  { name: 'A > 0, Sc < 0', key: 'ledger_kept_positive_below', expected: 'above' },
  { name: 'A < 0, Sc > 0', key: 'ledger_kept_negative_above', expected: 'above' },
  { name: 'A < 0, Sc < 0', key: 'ledger_kept_negative_below', expected: 'below' },
] as const
const measured = meanOf('ledger_measured_dH', 'mean measured dH', 'nats')
const exact = meanOf('ledger_pred_dH_exact', 'mean exact prediction', 'nats')

const beside = (measure: Measure, expected: Comparison['expected'], against?: Measure): Comparison => ({
  of: { variant: 'grpo', measure },
  ...(against && { against: { variant: 'grpo', measure: against } }),
  expected,
  decides: false,
})

export const covariance: Claim = {
  id: 'covariance',
  title: 'Cov(A, Sc) explains the collapse of entropy.',
  experiment:
    'Its trace under GRPO, beside the entropy: the covariance must be above 0 on average while entropy falls, and step by ' +
    'step -Cov(A, Sc) must go with the change of entropy that was measured on the same tokens. Beside it the ledger: how ' +
    'well its two predictions go with that change, and which tokens the exact one comes from.',
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
    ...(['exact', 'logit'] as const).flatMap((of) => agreements(of).map((measure) => beside(measure, 'above'))),
    ...rows.map(({ name, key, expected }) => beside(meanOf(key, `mean exact dH by ${name}`, 'nats'), expected)),
    beside(measured, 'below', exact),
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
      ['grpo', ...clips],
    ),
    entropyCurves('covariance', ['grpo', ...clips]),
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
    scatter(
      {
        id: 'covariance-exact',
        title: 'Exact first order and measured change',
        caption: 'The same steps; the change of the parameters along the gradient of the entropy.',
        xLabel: 'exact prediction of dH, nats',
        yLabel: 'measured dH, nats',
      },
      ['grpo'],
      predictedPairs('exact'),
    ),
    quantityCurves(
      {
        id: 'covariance-rows',
        title: 'Where the exact prediction comes from',
        unit: 'nats',
        caption:
          'Shares of the tokens by the signs of advantage and centred score, and of the momentum; mean over the seeds.',
      },
      [...rows, { name: 'momentum', key: 'ledger_momentum' }],
      'grpo',
    ),
  ],
}
