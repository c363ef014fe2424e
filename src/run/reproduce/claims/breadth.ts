import { passHistogram } from '../figures.js'
import { alwaysSolved, neverSolved } from '../measures.js'
import type { Claim } from '../types.js'
import { clips } from '../variants.js'

export const breadth: Claim = {
  id: 'breadth',
  title: 'Clip_B and Clip_V broaden what is solved.',
  experiment:
    'The histogram of pass rates over held-out problems at the end of training, against GRPO: fewer problems that no ' +
    'sample solves, and fewer that every sample solves.',
  comparisons: clips.flatMap((variant) =>
    [neverSolved, alwaysSolved].map((measure) => ({
      of: { variant, measure },
      against: { variant: 'grpo', measure },
      expected: 'below' as const,
    })),
  ),
  figures: [passHistogram('breadth', ['grpo', ...clips])],
}
