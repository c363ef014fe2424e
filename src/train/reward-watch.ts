/** Notices that a run has nothing to learn from: every completion is worth the same. */
import type { Graded } from './graded.js'
import { areEqual } from './signal.js'

/** Steps without a difference after which a run that goes on says so. */
const patience = 10

export class RewardWatch {
  readonly #lastStep: number
  #steps = 0
  #rewards: number[] = []

  /** `lastStep`: the run's, after which it says so again. */
  constructor(lastStep: number) {
    this.#lastStep = lastStep
  }

  /** A warning after the tenth step and after the last, if all completions since the start had one and the same task reward. */
  after(step: number, graded: readonly Pick<Graded, 'reward' | 'taskReward'>[]): string | undefined {
    this.#steps++
    const rewards = graded.map(({ reward, taskReward = reward }) => taskReward)
    const all = [...this.#rewards, ...rewards]
    this.#rewards = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))]
    if (!areEqual(this.#rewards) || (this.#steps !== patience && step !== this.#lastStep)) return undefined
    const over = this.#steps === 1 ? '1 step' : `${this.#steps} steps`
    return this.#rewards[0] === 0
      ? `no completion has earned a reward in ${over}, so there is nothing to learn from. Look at some of them in report.html: ` +
          'does the grader find their answers? If it does, begin with easier problems (`isentrope filter`) or a supervised ' +
          'warm start (`isentrope sft`)'
      : `every completion has earned the reward ${this.#rewards[0]} in ${over}, so there is nothing to learn from. Look at some of ` +
          'them in report.html, and check the grader, or take harder problems (`isentrope filter`)'
  }
}
