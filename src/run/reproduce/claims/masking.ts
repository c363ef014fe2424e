import { entropyCurves, stepCurves } from '../figures.js'
import { entropyAtEnd, entropyChange } from '../measures.js'
import type { Claim } from '../types.js'

const variants = ['short-grpo', 'mask-lowering', 'mask-raising']

export const masking: Claim = {
  id: 'masking',
  title: 'Masking proves causation: what the score calls entropy-lowering lowers entropy.',
  experiment:
    'Trains with all updates, with the entropy-lowering ones masked, and with the entropy-raising ones masked. The first ' +
    'mask must raise entropy above its start and above plain training, the second must end below both.',
  comparisons: [
    { of: { variant: 'mask-lowering', measure: entropyChange }, expected: 'above' },
    {
      of: { variant: 'mask-lowering', measure: entropyAtEnd },
      against: { variant: 'short-grpo', measure: entropyAtEnd },
      expected: 'above',
    },
    { of: { variant: 'mask-raising', measure: entropyChange }, expected: 'below' },
    {
      of: { variant: 'mask-raising', measure: entropyAtEnd },
      against: { variant: 'short-grpo', measure: entropyAtEnd },
      expected: 'below',
    },
  ],
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
