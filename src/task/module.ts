/** A task of the user's own: a TypeScript or JavaScript module whose default export is a task. */
import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { UserError } from '../base/errors.js'
import { near } from '../base/nearest-name.js'
import { listed } from '../base/shown.js'
import { defineReward } from './rewards/types.js'
import type { TaskContext, TaskSpec } from './spec.js'
import { type PatienceOptions, withPatience } from './timeout.js'
import { defineTask, type Task } from './types.js'

export const moduleExtensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'] as const

const parts = ['name', 'prompts', 'grade'] as const
const example =
  "export default defineTask({ name: 'mine', prompts(rng, split) {...}, grade(completion, example) {...} })"

/**
 * Loads the module at `path`. Its default export is a task, or a function from the recipe's keys (without `name`,
 * `timeout` and `retries`) to one. Every call of its grader gets `patience`.
 */
export async function loadTaskModule(
  path: string,
  spec: TaskSpec,
  patience: PatienceOptions,
  context: Pick<TaskContext, 'untrusted'>,
): Promise<Task> {
  const loaded = await importDefault(path, example, context)
  const { name: _, ...keys } = spec
  const made = typeof loaded === 'function' ? await callFactory(path, loaded as TaskFactory, keys) : loaded
  if (typeof loaded !== 'function' && Object.keys(keys).length > 0) {
    throw new UserError(`task ${path}: unknown key '${Object.keys(keys)[0]}'`, {
      hint: 'A module takes keys of its own where its default export is a function of them: (options) => defineTask({...}).',
    })
  }
  return patientTask(checkTask(path, made), patience)
}

/** The same task, each call of its grader with a time limit and further tries. */
export function patientTask(task: Task, patience: PatienceOptions): Task {
  return {
    ...task,
    prompts: task.prompts.bind(task),
    grade: (completion, problem, info) =>
      withPatience('the grader', patience, () => task.grade(completion, problem, info)),
  }
}

type TaskFactory = (options: Record<string, unknown>) => unknown

/**
 * The default export of a TypeScript or JavaScript file; `hint` shows what it should look like.
 * @throws UserError where a run that was given as data or as a model names the file, and nobody vouched for it
 */
export async function importDefault(
  path: string,
  hint: string,
  { untrusted }: Pick<TaskContext, 'untrusted'>,
): Promise<unknown> {
  if (untrusted !== undefined) {
    throw new UserError(`${untrusted}: its recipe names code, ${path}, which would run on this machine`, {
      hint: 'read that file, then give --trust',
    })
  }
  const status = await stat(path).catch(() => undefined)
  if (!status?.isFile()) throw new UserError(`${path}: no such file`)
  const { createJiti } = await import('jiti')
  const jiti = createJiti(pathToFileURL(path).href, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: { isentrope: await ownPackage() },
  })
  let module: unknown
  try {
    module = await jiti.import(path)
  } catch (cause) {
    throw new UserError(`${path}: cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  const exports = (module ?? {}) as Record<string, unknown>
  if (exports.default !== undefined) return exports.default
  const named = Object.keys(exports)
  throw new UserError(`${path}: has no default export${named.length > 0 ? `, only ${listed(named)}` : ''}`, {
    hint,
  })
}

/** What `import ... from 'isentrope'` gives a module that lies outside any project: this very package. */
async function ownPackage(): Promise<object> {
  // A variable, so that the compiler does not look for the built package that this file becomes a part of.
  const self = 'isentrope'
  try {
    return (await import(self)) as object
  } catch {
    return { defineTask, defineReward }
  }
}

async function callFactory(path: string, factory: TaskFactory, keys: Record<string, unknown>): Promise<unknown> {
  try {
    return await factory(keys)
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`task ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'its default export is a function, which is called with the recipe’s other keys; a function that rewards belongs under task.rewards',
      cause,
    })
  }
}

function checkTask(path: string, value: unknown): Task {
  if (typeof value !== 'object' || value === null) {
    throw new UserError(`task ${path}: the default export is ${value === null ? 'null' : typeof value}, not a task`, {
      hint: example,
    })
  }
  const task = value as Record<string, unknown>
  const types = { name: 'string', prompts: 'function', grade: 'function' } as const
  for (const part of parts) {
    if (task[part] === undefined) {
      const similar = near(part, Object.keys(task))
      throw new UserError(`task ${path}: the default export has no '${part}'`, {
        hint: similar === undefined ? example : `Is '${similar}' meant to be it?`,
      })
    }
    if (typeof task[part] !== types[part]) {
      throw new UserError(`task ${path}: '${part}' is of type ${typeof task[part]}, not ${types[part]}`, {
        hint: example,
      })
    }
  }
  return value as Task
}
