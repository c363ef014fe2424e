/** Further rewards on top of a task's own: `reward = sum_i weight_i * reward_i`. */
import { gradeOne } from '../grading.js'
import type { CompletionInfo, Example, Grade, Task } from '../types.js'

export interface WeightedReward<E extends Example = Example> {
  /** Names its share in the grade's details. */
  name: string
  weight: number
  reward(completion: string, example: E, info: CompletionInfo): number | Promise<number>
}

/** The same task whose reward is `taskWeight` times its own plus the others; the details list every share, unweighted. */
export function combineRewards<E extends Example>(
  task: Task<E>,
  taskWeight: number,
  others: readonly WeightedReward<E>[],
): Task<E> {
  return {
    ...task,
    prompts: task.prompts.bind(task),
    async grade(completion, example, info): Promise<Grade> {
      const [own, ...rest] = await Promise.all([
        gradeOne(task, { completion, example, info }),
        ...others.map((other) => other.reward(completion, example, info)),
      ])
      const rewards: Record<string, number> = { task: own.reward }
      let reward = taskWeight * own.reward
      others.forEach(({ name, weight }, i) => {
        rewards[name] = rest[i]!
        reward += weight * rest[i]!
      })
      return { reward, details: { ...own.details, rewards } }
    },
  }
}
