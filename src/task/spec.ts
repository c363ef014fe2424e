import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { UserError } from '../config/errors.js'

/** A recipe's `task:` section: the task's name and the keys that its own schema knows. */
export interface TaskSpec {
  name: string
  [key: string]: unknown
}

/** Where a task's relative paths start, and how it reaches the network. */
export interface TaskContext {
  baseDirectory: string
  /** Stands in for the network. */
  fetch?: typeof fetch
  /** Local files in place of the hub's, by name; default: ISENTROPE_DATA. */
  dataDirectory?: string
}

/** Whether a name is a file's: it begins like a path or ends like a file that tasks are loaded from. */
export function isPath(name: string): boolean {
  return /^(?:\.{0,2}[/\\]|[a-z]:[/\\])/i.test(name) || /\.(?:[cm]?[jt]s|jsonl|ndjson|json|csv|parquet)$/i.test(name)
}

/** The known name that `word` most resembles, if it resembles one at all (edit distance at most 40 % of its length). */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const candidate = closest(word, [...known])
  return distance(word, candidate) <= Math.max(1, Math.floor(0.4 * word.length)) ? candidate : undefined
}

export function didYouMean(word: string, known: readonly string[]): string {
  const candidate = nearest(word, known)
  return candidate === undefined ? `Known: ${known.join(', ')}.` : `Did you mean '${candidate}'?`
}

/** Validates a task's (or another named thing's) keys. Unknown keys and bad values are errors of the user's that name the key. */
export function parseSpec<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  spec: TaskSpec,
  what = 'task',
): z.output<z.ZodObject<Shape>> {
  const { name, ...keys } = spec
  const known = Object.keys(schema.shape)
  for (const key of Object.keys(keys)) {
    if (!known.includes(key)) {
      throw new UserError(`${what} ${name}: unknown key '${key}'`, { hint: didYouMean(key, known) })
    }
  }
  const result = schema.safeParse(keys)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.join('.') ?? ''
  throw new UserError(`${what} ${name}: ${path === '' ? '' : `${path}: `}${issue?.message ?? 'not valid'}`)
}
