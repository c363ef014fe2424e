import { entropyCurves, evalCurves } from '../figures.js'
import { avgAtK, distanceTo } from '../measures.js'
import type { Claim, Scale } from '../types.js'

const variants = ['grpo', 'clip-v', 'setpoint-below', 'setpoint-above']

export const setpoint = ({ targets }: Scale): Claim => ({
  id: 'setpoint',
  title: 'Beyond the paper: a named entropy can be held.',
  experiment:
    `A controller chooses the bounds of Clip_V each step for a target of ${targets.below} nats, which GRPO falls past, and ` +
    `for one of ${targets.above}, above the start. Over the last half of training, entropy must stay nearer to its target ` +
    'than under GRPO and under a fixed bound.',
  comparisons: [
    ...(['below', 'above'] as const).flatMap((side) => {
      const measure = distanceTo(targets[side])
      return ['grpo', 'clip-v'].map((other) => ({
        of: { variant: `setpoint-${side}`, measure },
        against: { variant: other, measure },
        expected: 'below' as const,
      }))
    }),
    ...['setpoint-below', 'setpoint-above'].map((variant) => ({
      of: { variant, measure: avgAtK },
      against: { variant: 'grpo', measure: avgAtK },
      expected: 'above' as const,
      decides: false,
    })),
  ],
  figures: [
    entropyCurves('setpoint', variants),
    evalCurves(
      { id: 'setpoint-avg', title: 'Avg@K on held-out problems', caption: 'Mean over the seeds.' },
      'avg_at_k',
      variants,
    ),
  ],
})
