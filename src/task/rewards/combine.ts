/** Further rewards on top of a task's own: `reward = sum_i weight_i * reward_i`. */
import { CombinedGrade, gradeOne } from '../grading.js'
import type { CompletionInfo, Example, Task } from '../types.js'

export interface WeightedReward<E extends Example = Example> {
  /** Names its share in metrics, rollouts, and the grade's details. */
  name: string
  weight: number
  reward(completion: string, example: E, info: CompletionInfo): number | Promise<number>
}

/** Share of the summands' size below which their sum is the rounding of a sum of 0. */
const residue = 1e-12

/**
 * The same task whose reward is `taskWeight` times its own plus the others. The verdict stays the task's, and every share is
 * kept without its weight.
 */
export function combineRewards<E extends Example>(
  task: Task<E>,
  taskWeight: number,
  others: readonly WeightedReward<E>[],
): Task<E> {
  return {
    ...task,
    prompts: task.prompts.bind(task),
    async grade(completion, example, info): Promise<CombinedGrade> {
      const [own, ...rest] = await Promise.all([
        gradeOne(task, { completion, example, info }),
        ...others.map((other) => other.reward(completion, example, info)),
      ])
      const parts: Record<string, number> = { task: own.reward }
      let reward = taskWeight * own.reward
      let size = Math.abs(reward)
      others.forEach(({ name, weight }, i) => {
        parts[name] = rest[i]!
        reward += weight * rest[i]!
        size += Math.abs(weight * rest[i]!)
      })
      return new CombinedGrade({
        // 0.1 + 0.2 - 0.3 is 0, as it is for a completion whose shares are all 0.
        reward: Math.abs(reward) < residue * size ? 0 : reward,
        correct: own.correct,
        details: { ...own.details, rewards: parts },
        parts,
        ...(taskWeight === 0 ? {} : { taskReward: own.reward }),
      })
    },
  }
}
