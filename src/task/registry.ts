/** From a recipe's `task:` section to a task. */
import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { z } from 'zod'
import { MissingData, UserError } from '../base/errors.js'
import { arithmetic, arithmeticSchema } from './arithmetic.js'
import { needsProgram } from './code.js'
import { countdown, countdownSchema } from './countdown/task.js'
import { withPassRates } from './curriculum.js'
import { isHubName } from './data/locate.js'
import { dataExtensions } from './data/rows.js'
import { gsm8k, gsm8kSchema } from './gsm8k.js'
import { hubTask, jsonl, jsonlSchema } from './jsonl.js'
import { loadTaskModule, moduleExtensions, patientTask } from './module.js'
import { isPrepared, preparedTask } from './prepared.js'
import { withRewards } from './rewards/load.js'
import { sourceTasks } from './sources.js'
import {
  commonTaskSchema,
  didYouMean,
  isPath,
  KeyProblems,
  parseSpec,
  type TaskContext,
  type TaskSpec,
} from './spec.js'
import { withSystem } from './system.js'
import { variablesOf, withTemplate } from './template.js'
import { patienceKeys } from './timeout.js'
import type { Task } from './types.js'

interface BuiltIn {
  /** The keys it takes; the source of validation and of the reference in the docs. */
  schema: z.ZodObject
  load: (spec: TaskSpec, context: TaskContext) => Task | Promise<Task>
}

export const builtInTasks: Record<string, BuiltIn> = {
  arithmetic: { schema: arithmeticSchema, load: arithmetic as BuiltIn['load'] },
  countdown: { schema: countdownSchema, load: countdown as BuiltIn['load'] },
  gsm8k: { schema: gsm8kSchema, load: gsm8k },
  jsonl: { schema: jsonlSchema, load: jsonl },
  ...sourceTasks,
}

const moduleSchema = z.object(patienceKeys)

/**
 * Loads the task that `spec` names: a built-in one, prepared data, a hub data set, a data file or a module of the
 * user's.
 * Relative paths start at `baseDirectory` (default: the current directory).
 * @throws UserError for an unknown name or key, a bad value, and a file that is missing or is not what it should be.
 */
export async function loadTask(spec: TaskSpec, options: Partial<TaskContext> = {}): Promise<Task> {
  try {
    return await loadWhole(spec, options)
  } catch (error) {
    throw error instanceof KeyProblems ? error.in(spec) : error
  }
}

async function loadWhole(spec: TaskSpec, options: Partial<TaskContext>): Promise<Task> {
  const context = { ...options, baseDirectory: options.baseDirectory ?? process.cwd() }
  const { system, rewards, passRates, ...others } = spec
  // A text is the task's own key.
  const { template, ...rest } = others
  const own = typeof template === 'object' ? rest : others
  const common = parseSpec(commonTaskSchema, {
    name: spec.name,
    ...(system === undefined ? {} : { system }),
    ...(typeof template === 'object' ? { template } : {}),
    ...(rewards === undefined ? {} : { rewards }),
  })
  let task = await loadOwn(own as TaskSpec, context)
  if (passRates !== undefined) task = await withPassRates(task, passRates, context)
  if (common.system !== undefined && common.system !== '') task = withSystem(task, common.system)
  const variables = variablesOf(common)
  if (variables !== undefined) task = withTemplate(task, variables)
  if (common.rewards !== undefined) task = await withRewards(task, common.rewards, context)
  return task
}

async function loadOwn(spec: TaskSpec, context: TaskContext): Promise<Task> {
  if (spec.fromCode === true) return taskFromCode(spec.name, context)
  const builtIn = Object.hasOwn(builtInTasks, spec.name) ? builtInTasks[spec.name] : undefined
  if (builtIn !== undefined) return builtIn.load(spec, context)
  if (isPrepared(resolve(context.baseDirectory, spec.name))) return preparedTask(spec, context)
  const isHere = existsSync(resolve(context.baseDirectory, spec.name))
  if (isHubName(spec.name) && !isPath(spec.name) && !isHere) return hubTask(spec, context)
  if (!isPath(spec.name) && !isHere) {
    throw new UserError(`unknown task '${spec.name}'`, {
      hint: `${didYouMean(spec.name, Object.keys(builtInTasks))} A file's name is one too: ./my-task.ts, ./problems.jsonl.`,
    })
  }
  const ends = (extension: string) => spec.name.toLowerCase().endsWith(extension)
  if (dataExtensions.some(ends)) return jsonl({ path: spec.name, ...spec }, context)
  if (moduleExtensions.some(ends)) {
    const { timeout, retries, pause, ...own } = spec
    const given = Object.entries({ timeout, retries, pause }).filter(([, value]) => value !== undefined)
    const patience = parseSpec(moduleSchema, { name: spec.name, ...Object.fromEntries(given) })
    return loadTaskModule(resolve(context.baseDirectory, spec.name), own as TaskSpec, patience, context)
  }
  const path = resolve(context.baseDirectory, spec.name)
  if (extname(path) === '' && !existsSync(path)) {
    throw new MissingData(`task ${spec.name}: there is no directory ${path}`, {
      hint: 'isentrope data prepare and isentrope filter write directories of problems: docs/data.md',
    })
  }
  throw new UserError(`task ${spec.name}: neither a module nor a data file`, {
    hint: /\.ya?ml$/i.test(spec.name)
      ? 'a recipe is no task: name what its task section names, and give that section’s keys'
      : `Known: ${[...moduleExtensions, ...dataExtensions].join(', ')}.`,
  })
}

/** A task that the program gave; its grader gets the patience of a module's. */
function taskFromCode(name: string, { code }: TaskContext): Task {
  const task = code?.tasks.get(name)
  if (task === undefined) throw needsProgram(`task ${name}`)
  return patientTask(task, moduleSchema.parse({}))
}
