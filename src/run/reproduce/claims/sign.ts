import { methods } from '../../../entropy/methods/recipe-keys.js'
import { entropyCurves, evalCurves } from '../figures.js'
import { entropyChange } from '../measures.js'
import type { Claim } from '../types.js'

const classes = methods.flatMap(({ name, experiment }) =>
  experiment?.claim === 'sign' ? [{ variant: name, expected: experiment.entropy }] : [],
)
const variants = classes.map(({ variant }) => variant)

export const sign: Claim = {
  id: 'sign',
  title: 'The score predicts the sign of the change of entropy.',
  experiment:
    'Trains on one class of tokens alone: rewarded or punished, with a centred score above or below 0. By dH = -A Sc two ' +
    'of the four must lower entropy and two must raise it.',
  comparisons: classes.map(({ variant, expected }) => ({
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
