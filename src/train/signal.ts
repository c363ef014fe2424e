/** Whether a group's rewards tell its completions apart. A group is the completions of one prompt. */
import { areEqual } from '../base/sample.js'

/** What has to differ within a group for it to have a signal, beside the reward itself. */
export const signalRules = ['task', 'reward'] as const
export type SignalRule = (typeof signalRules)[number]

/** A completion's rewards. */
export interface Rewarded {
  /** What is trained on. */
  readonly reward: number
  /** The task's own reward; absent where it has no weight. */
  readonly taskReward?: number
}

/**
 * Whether a group has a signal. Equal rewards never give one. Under `task` the task's own reward must differ too: a group that
 * is wrong throughout tells nothing of the task, whatever its lengths cost (DAPO, arXiv 2503.14476, section 3.2, equation 11).
 */
export function hasSignal(group: readonly Rewarded[], rule: SignalRule): boolean {
  if (areEqual(group.map(({ reward }) => reward))) return false
  const own = group.map(({ taskReward }) => taskReward)
  return rule === 'reward' || own.some((reward) => reward === undefined) || !areEqual(own as number[])
}
