import { evalCurves } from '../figures.js'
import { avgAtK, avgChange, passAtK } from '../measures.js'
import { type Claim, type Measure, performanceMargin } from '../types.js'
import { clips } from '../variants.js'

const variants = ['grpo', ...clips]
const measures: Measure[] = [avgAtK, passAtK]

export const performance: Claim = {
  id: 'performance',
  title: 'Clip_B and Clip_V do not cost performance.',
  experiment:
    `Avg@K and Pass@K on held-out problems at the end of training, against GRPO. Non-inferiority with a margin of ` +
    `${performanceMargin}: the interval of the difference must lie above -${performanceMargin}.`,
  comparisons: [
    ...clips.flatMap((variant) =>
      measures.map((measure) => ({
        of: { variant, measure },
        against: { variant: 'grpo', measure },
        expected: 'not below' as const,
        margin: performanceMargin,
      })),
    ),
    { of: { variant: 'grpo', measure: avgChange }, expected: 'above', decides: false },
  ],
  figures: [
    evalCurves(
      { id: 'performance-avg', title: 'Avg@K on held-out problems', caption: 'Mean over the seeds.' },
      'avg_at_k',
      variants,
    ),
    evalCurves(
      { id: 'performance-pass', title: 'Pass@K on held-out problems', caption: 'Mean over the seeds.' },
      'pass_at_k',
      variants,
    ),
  ],
}
