import { methods } from '../../../entropy/methods/recipe-keys.js'
import { entropyCurves, stepCurves } from '../figures.js'
import { entropyAtEnd, entropyChange } from '../measures.js'
import type { Claim } from '../types.js'

const masks = methods.flatMap(({ name, experiment }) =>
  experiment?.claim === 'masking' ? [{ variant: name, expected: experiment.entropy }] : [],
)
const variants = ['short-grpo', ...masks.map(({ variant }) => variant)]

export const masking: Claim = {
  id: 'masking',
  title: 'Masking proves causation: what the score calls entropy-lowering lowers entropy.',
  experiment:
    'Trains with all updates, with the entropy-lowering ones masked, and with the entropy-raising ones masked. The first ' +
    'mask must raise entropy above its start and above plain training, the second must end below both.',
  comparisons: masks.flatMap(({ variant, expected }) => [
    { of: { variant, measure: entropyChange }, expected },
    {
      of: { variant, measure: entropyAtEnd },
      against: { variant: 'short-grpo', measure: entropyAtEnd },
      expected,
    },
  ]),
  figures: [
    entropyCurves('masking', variants),
    stepCurves(
      {
        id: 'masking-predicted',
        title: 'Predicted change of entropy by the updates that pass',
        unit: 'nats per unit step on the logits',
        caption: '-(1/N) sum m A Sc over the policy tokens.',
      },
      'pred_dH_kept',
      variants,
    ),
  ],
}
