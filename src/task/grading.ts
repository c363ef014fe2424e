/** Calling graders: what they return made uniform, what they must not return refused, many at a time. */
import { GraderError } from './timeout.js'
import type { CompletionInfo, Example, Grade, Task } from './types.js'

export interface ToGrade<E extends Example = Example> {
  completion: string
  example: E
  info: CompletionInfo
}

/** One completion's grade. Throws {@link GraderError}, naming task and problem, where the grader fails. */
export async function gradeOne<E extends Example>(task: Task<E>, item: ToGrade<E>): Promise<Grade> {
  const where = `task ${task.name}, problem ${item.example.id}`
  let result: number | Grade
  try {
    result = await task.grade(item.completion, item.example, item.info)
  } catch (cause) {
    if (cause instanceof GraderError) throw new GraderError(`${where}: ${cause.message}`, { cause })
    throw new GraderError(`${where}: the grader threw: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  const grade: Grade = typeof result === 'object' && result !== null ? result : { reward: result }
  if (typeof grade.reward !== 'number' || !Number.isFinite(grade.reward)) {
    throw new GraderError(`${where}: the reward is ${shown(grade.reward)}, not a finite number`)
  }
  return grade
}

/** A text reads as one: "1" is not the number 1. */
const shown = (reward: unknown) => (typeof reward === 'string' ? JSON.stringify(reward) : String(reward))

/** Grades in the order given, at most `concurrency` at a time (graders may wait for a judge over the network). */
export async function gradeAll<E extends Example>(
  task: Task<E>,
  items: readonly ToGrade<E>[],
  { concurrency = 16 }: { concurrency?: number } = {},
): Promise<Grade[]> {
  const grades = new Array<Grade>(items.length)
  let next = 0
  let failed = false
  const work = async () => {
    while (!failed && next < items.length) {
      const i = next++
      try {
        grades[i] = await gradeOne(task, items[i]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work))
  return grades
}
