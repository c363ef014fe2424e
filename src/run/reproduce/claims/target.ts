import { entropyCurves, evalCurves } from '../figures.js'
import { avgAtK, distanceTo, passAtK } from '../measures.js'
import type { Claim, Comparison, Measure, Scale } from '../types.js'

/** Other ways to keep entropy: the first two decide, the others are shown beside them. */
const deciding = ['grpo', 'clip-v']
const shown = ['adaptive-entropy', 'clip-higher']
/** The names that results on disk have. */
const held = ['setpoint-below', 'setpoint-above']
const variants = [...deciding, ...held, ...shown]

export const target = ({ targets }: Scale): Claim => {
  const nearer = (side: 'below' | 'above', other: string, decides = true): Comparison => {
    const measure = distanceTo(targets[side])
    return {
      of: { variant: `setpoint-${side}`, measure },
      against: { variant: other, measure },
      expected: 'below',
      decides,
    }
  }
  const better = (variant: string, measure: Measure, other: string): Comparison => ({
    of: { variant, measure },
    against: { variant: other, measure },
    expected: 'above',
    decides: false,
  })
  return {
    id: 'setpoint',
    title: 'Beyond the paper: a named entropy can be held.',
    experiment:
      `A controller chooses the bounds of Clip_V each step for a target of ${targets.below} nats, which GRPO falls past, and ` +
      `for one of ${targets.above}, above the start. Over the last half of training, entropy must stay nearer to its target ` +
      'than under GRPO and under a fixed bound. Beside them: an entropy bonus that adapts to the lower target, and ' +
      'clip-higher, which has no target and needs several updates on a batch to act.',
    comparisons: [
      ...(['below', 'above'] as const).flatMap((side) => deciding.map((other) => nearer(side, other))),
      ...shown.map((other) => nearer('below', other, false)),
      nearer('above', 'clip-higher', false),
      ...held.flatMap((variant) => [avgAtK, passAtK].map((measure) => better(variant, measure, 'grpo'))),
      ...['clip-v', ...shown].flatMap((other) =>
        [avgAtK, passAtK].map((measure) => better('setpoint-below', measure, other)),
      ),
    ],
    figures: [
      entropyCurves('setpoint', variants),
      evalCurves(
        { id: 'setpoint-avg', title: 'Avg@K on held-out problems', caption: 'Mean over the seeds.' },
        'avg_at_k',
        variants,
      ),
      evalCurves(
        { id: 'setpoint-pass', title: 'Pass@K on held-out problems', caption: 'Mean over the seeds.' },
        'pass_at_k',
        variants,
      ),
    ],
  }
}
