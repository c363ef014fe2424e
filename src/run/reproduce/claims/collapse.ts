import { entropyCurves, stepCurves } from '../figures.js'
import { avgAtK, entropyAtEnd, largestOf } from '../measures.js'
import type { Claim } from '../types.js'
import { clips } from '../variants.js'

const clipped = clips.map((clip) => `fast-${clip}`)
const variants = ['fast', ...clipped]
const spike = largestOf('grad_norm', 'largest gradient norm')

export const collapse: Claim = {
  id: 'collapse',
  title: 'Collapse is prevented.',
  experiment:
    'A learning rate at which plain GRPO breaks down: its entropy falls and its gradient norm shoots up. With the clips ' +
    'entropy must end higher and the largest gradient norm must be lower.',
  comparisons: clipped.flatMap((variant) => [
    {
      of: { variant, measure: entropyAtEnd },
      against: { variant: 'fast', measure: entropyAtEnd },
      expected: 'above' as const,
    },
    { of: { variant, measure: spike }, against: { variant: 'fast', measure: spike }, expected: 'below' as const },
    {
      of: { variant, measure: avgAtK },
      against: { variant: 'fast', measure: avgAtK },
      expected: 'above' as const,
      decides: false,
    },
  ]),
  figures: [
    entropyCurves('collapse', variants),
    stepCurves(
      { id: 'collapse-norm', title: 'Gradient norm', caption: 'Global L2 norm before clipping, mean over the seeds.' },
      'grad_norm',
      variants,
    ),
    stepCurves(
      { id: 'collapse-reward', title: 'Reward', caption: 'Mean reward of the completions sampled in training.' },
      'reward_mean',
      variants,
    ),
  ],
}
