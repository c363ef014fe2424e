import { entropyCurves, evalCurves } from '../figures.js'
import { avgAtK, entropyAtEnd, passAtK } from '../measures.js'
import type { Claim, Comparison, Measure, Scale } from '../types.js'
import { methodVariant, methodVariants } from '../variants.js'

const plain = methodVariant('ppo-clip')
const deciding = methodVariant('clip-v')
const others = methodVariants.filter((name) => name !== plain)

export const rivals = ({ targets }: Scale): Claim => {
  const against = (variant: string, measure: Measure, decides: boolean): Comparison => ({
    of: { variant, measure },
    against: { variant: plain, measure },
    expected: 'above',
    decides,
  })
  return {
    id: 'methods',
    title: 'Beyond the paper: what the methods in use keep of entropy.',
    experiment:
      "Several updates on every batch, so that rules on the ratio act. Clip_V must end with more entropy than PPO's clip. " +
      `Beside it, every other method with its defaults, those that aim at an entropy with a target of ${targets.below} nats.`,
    comparisons: [
      against(deciding, entropyAtEnd, true),
      ...others.filter((name) => name !== deciding).map((name) => against(name, entropyAtEnd, false)),
      ...others.flatMap((name) => [avgAtK, passAtK].map((measure) => against(name, measure, false))),
    ],
    figures: [
      entropyCurves('methods', methodVariants),
      evalCurves(
        { id: 'methods-avg', title: 'Avg@K on held-out problems', caption: 'Mean over the seeds.' },
        'avg_at_k',
        methodVariants,
      ),
    ],
  }
}
