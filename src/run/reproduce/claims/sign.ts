import { entropyCurves, evalCurves } from '../figures.js'
import { entropyChange } from '../measures.js'
import type { Claim, Comparison } from '../types.js'

const classes = {
  'only-positive-likely': 'below',
  'only-positive-unlikely': 'above',
  'only-negative-likely': 'above',
  'only-negative-unlikely': 'below',
} as const satisfies Record<string, Comparison['expected']>

const variants = Object.keys(classes)

export const sign: Claim = {
  id: 'sign',
  title: 'The score predicts the sign of the change of entropy.',
  experiment:
    'Trains on one class of tokens alone: rewarded or punished, with a centred score above or below 0. By dH = -A Sc two ' +
    'of the four must lower entropy and two must raise it.',
  comparisons: Object.entries(classes).map(([variant, expected]) => ({
    of: { variant, measure: entropyChange },
    expected,
  })),
  figures: [
    entropyCurves('sign', variants),
    evalCurves(
      { id: 'sign-held-out', title: 'Entropy on held-out problems', unit: 'nats', caption: 'Mean over the seeds.' },
      'entropy_nats',
      variants,
    ),
  ],
}
