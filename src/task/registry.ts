/** From a recipe's `task:` section to a task. */
import { UserError } from '../config/errors.js'
import { arithmetic, arithmeticSchema } from './arithmetic.js'
import { countdown, countdownSchema } from './countdown/task.js'
import { didYouMean, type TaskContext, type TaskSpec } from './spec.js'
import type { Task } from './types.js'

interface BuiltIn {
  /** The keys it takes; the source of validation and of the reference in the docs. */
  schema: typeof arithmeticSchema | typeof countdownSchema
  load: (spec: TaskSpec, context: TaskContext) => Task | Promise<Task>
}

export const builtInTasks: Record<string, BuiltIn> = {
  arithmetic: { schema: arithmeticSchema, load: arithmetic as BuiltIn['load'] },
  countdown: { schema: countdownSchema, load: countdown as BuiltIn['load'] },
}

/**
 * Loads the task that `spec` names: a built-in one, or a module of the user's where the name is a path.
 * Relative paths start at `baseDirectory` (default: the current directory).
 */
export async function loadTask(
  spec: TaskSpec,
  options: { baseDirectory?: string; fetch?: typeof fetch } = {},
): Promise<Task> {
  const context = { baseDirectory: options.baseDirectory ?? process.cwd(), fetch: options.fetch ?? fetch }
  const builtIn = Object.hasOwn(builtInTasks, spec.name) ? builtInTasks[spec.name] : undefined
  if (builtIn === undefined) {
    throw new UserError(`unknown task '${spec.name}'`, { hint: didYouMean(spec.name, Object.keys(builtInTasks)) })
  }
  return builtIn.load(spec, context)
}
