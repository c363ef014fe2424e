/**
 * From rewards to advantages, group by group. Pure functions; a group is the completions of one prompt.
 */
import { areEqual, mean, sampleDeviation } from '../base/sample.js'

export const advantageKinds = ['group', 'group-nostd', 'leave-one-out', 'batch'] as const
export type AdvantageKind = (typeof advantageKinds)[number]

/** Keeps a group's scale from exploding if its rewards barely differ. TRL's value; verl adds 1e-6. */
const stdEpsilon = 1e-4

/**
 * Advantages of each group's completions:
 * - `group`: (R - mean) / (std + 1e-4), GRPO (arXiv 2402.03300);
 * - `group-nostd`: R - mean, Dr. GRPO (arXiv 2503.20783);
 * - `leave-one-out`: R - mean of the others = (R - mean) n / (n - 1), RLOO (arXiv 2402.14740);
 * - `batch`: (R - group mean) / (std of these over the whole batch + 1e-4), REINFORCE++ (arXiv 2501.03262).
 * A group of equal rewards gets exactly 0. `baseline` takes the place of the group's mean (an entropy method's, say); the
 * deviations stay about the mean.
 *
 * @throws {RangeError} for a group of fewer than two completions, or a reward that is not finite.
 */
export function groupAdvantages(
  rewards_P_G: readonly (readonly number[])[],
  kind: AdvantageKind,
  baseline: (rewards: readonly number[]) => number = mean,
): number[][] {
  for (const rewards of rewards_P_G) {
    if (rewards.length < 2) throw new RangeError('a group of one completion has nothing to compare with')
    const wrong = rewards.find((reward) => !Number.isFinite(reward))
    if (wrong !== undefined) throw new RangeError(`a reward is ${wrong}`)
  }
  const centred = rewards_P_G.map((rewards) => {
    // The residue of a rounded sum over epsilon is not 0, and Adam would make a whole step of it.
    if (areEqual(rewards)) return rewards.map(() => 0)
    const centre = baseline(rewards)
    return rewards.map((reward) => reward - centre)
  })
  switch (kind) {
    case 'group-nostd':
      return centred
    case 'leave-one-out':
      return centred.map((group) => group.map((value) => (value * group.length) / (group.length - 1)))
    case 'group':
      return centred.map((group, p) => {
        const scale = sampleDeviation(rewards_P_G[p]) + stdEpsilon
        return group.map((value) => value / scale)
      })
    case 'batch': {
      const all = centred.flat()
      const scale = sampleDeviation(all) + stdEpsilon
      return centred.map((group) => group.map((value) => (value === 0 ? 0 : value / scale)))
    }
  }
}
