import { oneBonusCoefficient } from './exclusions.js'
import { entropyMethod } from './method.js'

/**
 * A fixed entropy bonus: `algorithm.entropyCoef` H is added to the objective of every policy token (adaptive-entropy.ts has
 * its gradient and its effect on entropy). The coefficient acts without this name too; the name asks for one.
 */
export const entropyBonusMethod = entropyMethod({
  name: 'entropy-bonus',
  summary: 'adds c H per token',
  source: '[1707.06347](https://arxiv.org/abs/1707.06347), eq. 9',
  reads: 'algorithm.entropyCoef',
  excludes: [oneBonusCoefficient],
  needs: { statistics: [], bonus: true },
  checks: [
    {
      path: 'algorithm.entropyCoef',
      reads: ['algorithm.entropyCoef'],
      check: (_, { algorithm }) =>
        algorithm.entropyCoef === 0
          ? 'is what entropy.method: entropy-bonus adds; give a coefficient (0.001 is usual)'
          : undefined,
    },
  ],
  example: { algorithm: { entropyCoef: 0.001 } },
  atlas: ({ entropyCoef }) => {
    const coefficient = entropyCoef || 0.001
    return [{ name: `entropy-bonus ${coefficient}`, entropyCoef: coefficient }]
  },
})
