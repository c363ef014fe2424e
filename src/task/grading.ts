/** Calling graders: what they return made uniform, what they must not return refused, many at a time. */
import { thrownAt } from './thrown-at.js'
import { GraderError } from './timeout.js'
import type { CompletionInfo, Example, Grade, Task } from './types.js'

/** A grade that is a number alone says that the completion is correct from this on. */
export const solvedFrom = 1

export interface ToGrade<E extends Example = Example> {
  completion: string
  example: E
  info: CompletionInfo
}

/** A grade whose reward is a weighted sum. */
export class CombinedGrade implements Grade {
  readonly reward: number
  readonly correct?: boolean
  readonly details: Record<string, unknown>
  /** The summands by name, without their weights; the task's own is `task`. */
  readonly parts: Record<string, number>
  /** The task's own reward, where it counts in the sum. */
  readonly taskReward?: number

  constructor(grade: CombinedGrade) {
    this.reward = grade.reward
    if (grade.correct !== undefined) this.correct = grade.correct
    this.details = grade.details
    this.parts = grade.parts
    if (grade.taskReward !== undefined) this.taskReward = grade.taskReward
  }
}

/** The reward's summands by name, and the task's own as far as it counts. */
export const rewardParts = (grade: Grade): { parts: Record<string, number>; taskReward?: number } =>
  grade instanceof CombinedGrade
    ? { parts: grade.parts, taskReward: grade.taskReward }
    : { parts: { task: grade.reward }, taskReward: grade.reward }

/** One completion's grade. Throws {@link GraderError}, naming task and problem, where the grader fails. */
export async function gradeOne<E extends Example>(task: Task<E>, item: ToGrade<E>): Promise<Grade> {
  const where = `task ${task.name}, problem ${item.example.id}`
  let result: number | Grade
  try {
    result = await task.grade(item.completion, item.example, item.info)
  } catch (cause) {
    if (cause instanceof GraderError) {
      throw new GraderError(`${where}: ${cause.message}`, { hint: cause.hint, cause })
    }
    throw new GraderError(`${where}: the grader threw: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: thrownAt(cause),
      cause,
    })
  }
  const grade: Grade =
    typeof result === 'object' && result !== null ? result : { reward: result, correct: result >= solvedFrom }
  if (typeof grade.reward !== 'number' || !Number.isFinite(grade.reward)) {
    throw new GraderError(`${where}: the reward is ${shown(grade.reward)}, not a finite number`)
  }
  if (grade.correct !== undefined && typeof grade.correct !== 'boolean') {
    throw new GraderError(`${where}: correct is ${shown(grade.correct)}, neither true nor false`, {
      hint: 'leave it out when the task has no verdict',
    })
  }
  return grade
}

/** A text reads as one: "1" is not the number 1. */
const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : String(value))

export interface GradingOptions {
  /** Graders at work at a time; they may wait for a judge over the network. Default: 16. */
  concurrency?: number
  /** Ends the grading at once, whatever the graders do. */
  signal?: AbortSignal
}

/** Grades in the order given; undefined when `signal` ended it. */
export async function gradeAll<E extends Example>(
  task: Task<E>,
  items: readonly ToGrade<E>[],
  options?: GradingOptions & { signal?: undefined },
): Promise<Grade[]>
export async function gradeAll<E extends Example>(
  task: Task<E>,
  items: readonly ToGrade<E>[],
  options: GradingOptions,
): Promise<Grade[] | undefined>
export async function gradeAll<E extends Example>(
  task: Task<E>,
  items: readonly ToGrade<E>[],
  { concurrency = 16, signal }: GradingOptions = {},
): Promise<Grade[] | undefined> {
  if (signal?.aborted) return undefined
  const grades = new Array<Grade>(items.length)
  const unwanted = new AbortController()
  let next = 0
  const work = async () => {
    while (!unwanted.signal.aborted && next < items.length) {
      const i = next++
      const { info, ...item } = items[i]!
      try {
        grades[i] = await gradeOne(task, { ...item, info: { ...info, signal: unwanted.signal } })
      } catch (error) {
        unwanted.abort(error)
        throw error
      }
    }
  }
  let stop = () => {}
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => {
      resolve(undefined)
      unwanted.abort(signal?.reason)
    }
  })
  signal?.addEventListener('abort', stop)
  const graded = Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work)).then(() => grades)
  // What graders say after the end is of no interest.
  graded.catch(() => {})
  try {
    return await Promise.race([graded, stopped])
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
