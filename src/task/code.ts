/**
 * Tasks and rewards that a program gives to `train` as functions. The recipe that a run keeps names them, marked by
 * `fromCode: true`; whoever reads that recipe without the program is told so.
 */
import { UserError } from '../base/errors.js'
import { isReward, type Reward, type RewardFunction } from './rewards/types.js'
import type { TaskSpec } from './spec.js'
import type { Task } from './types.js'

/** What a program gave, by the names that the recipe has for it. */
export interface GivenCode {
  tasks: ReadonlyMap<string, Task>
  rewards: ReadonlyMap<string, Reward>
}

export const isTask = (value: unknown): value is Task =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Task).prompts === 'function' &&
  typeof (value as Task).grade === 'function'

/** A reward as `train` takes it: a function, one with a name and weight, or an entry of `task.rewards`. */
export type RewardEntry = RewardFunction | Reward | string | { name: string; weight?: number; [key: string]: unknown }

interface WithCode {
  task: Task | TaskSpec
  rewards?: readonly RewardEntry[]
  eval?: { task?: Task | TaskSpec }
}

/**
 * The config with names in place of functions, and what the names stand for. A function without a name of its own is
 * called reward2, reward3, ... by its place behind the task's reward.
 * @throws UserError for rewards at two places, and for one name of two things.
 */
export function takeCode<C extends WithCode>(config: C): { recipe: Omit<C, 'rewards'>; code: GivenCode } {
  const tasks = new Map<string, Task>()
  const { rewards: entries, ...rest } = config
  const named = (task: Task | TaskSpec): TaskSpec => {
    if (!isTask(task)) return task
    const other = tasks.get(task.name)
    if (other !== undefined && other !== task) {
      throw new UserError(`two tasks have the name '${task.name}'`, { hint: 'give eval.task a name of its own' })
    }
    if (typeof task.name !== 'string' || task.name === '') throw new UserError('task: has no name')
    tasks.set(task.name, task)
    return { name: task.name, fromCode: true }
  }
  const task = named(config.task)
  const { rewards, listed } = takeRewards(entries, task)
  const recipe = {
    ...rest,
    task: listed === undefined ? task : { ...task, rewards: listed },
    ...(config.eval?.task === undefined ? {} : { eval: { ...config.eval, task: named(config.eval.task) } }),
  }
  return { recipe: recipe as Omit<C, 'rewards'>, code: { tasks, rewards } }
}

function takeRewards(entries: readonly RewardEntry[] | undefined, task: TaskSpec) {
  const rewards = new Map<string, Reward>()
  if (entries === undefined) return { rewards }
  if (task.rewards !== undefined) {
    throw new UserError('rewards and task.rewards are both given', {
      hint: 'move all of them into one of the two lists',
    })
  }
  if (!Array.isArray(entries)) throw new UserError('rewards: must be a list')
  const taken = new Set<string>()
  let place = 1
  const listed = entries.map((entry: RewardEntry) => {
    if (typeof entry === 'string' || (typeof entry === 'object' && entry !== null && !isReward(entry))) {
      const name = typeof entry === 'string' ? entry : entry.name
      if (name !== 'task') place++
      if (typeof name === 'string') requireFree(taken, name)
      return entry
    }
    place++
    if (typeof entry !== 'function' && !isReward(entry)) {
      throw new UserError(`rewards: ${String(entry)} is neither a function nor a named reward`)
    }
    const given: Reward = typeof entry === 'function' ? { name: entry.name || `reward${place}`, reward: entry } : entry
    const { name, weight = 1 } = given
    if (name === 'task') {
      throw new UserError("rewards: 'task' is the task's own reward", { hint: 'give the function another name' })
    }
    requireFree(taken, name)
    rewards.set(name, given)
    return { name, weight, fromCode: true }
  })
  return { rewards, listed }
}

function requireFree(taken: Set<string>, name: string): void {
  if (taken.has(name)) {
    throw new UserError(`rewards: two of them have the name '${name}'`, {
      hint: 'name them apart: defineReward({ name, reward })',
    })
  }
  taken.add(name)
}

/** Why a recipe that names a function cannot be read here, and the call that can. */
export const needsProgram = (what: string, runDirectory = 'RUN'): UserError =>
  new UserError(`${what} is a function of the program that began the run; its code is not in the recipe`, {
    hint: `resume from that program: await train({ ...recipe, task, rewards }, { runDirectory: ${JSON.stringify(runDirectory)}, resume: true })`,
  })

/** @throws UserError for a recipe whose task or rewards only its program has. */
export function requireNoCode({ name, fromCode, rewards }: TaskSpec, runDirectory: string): void {
  if (fromCode === true) throw needsProgram(`task ${name}`, runDirectory)
  const entry = Array.isArray(rewards) ? rewards.find((one) => (one as TaskSpec | null)?.fromCode === true) : undefined
  if (entry !== undefined) throw needsProgram(`reward ${(entry as TaskSpec).name}`, runDirectory)
}
