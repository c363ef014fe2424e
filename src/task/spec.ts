import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { near } from '../base/nearest-name.js'
import { type Locate, placeIn } from '../base/places.js'
import { type SchemaEntry, schemaEntries } from '../base/schema/entries.js'
import { type Problem, problemsOf } from '../base/schema/problems.js'
import type { GivenCode } from './code.js'
import { templateKey } from './template.js'

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
  /** Tasks and rewards that a program gave as functions. */
  code?: GivenCode
  /** Local files in place of the hub's, by name; default: ISENTROPE_DATA. */
  dataDirectory?: string
  /** The run whose recipe names the task, where nobody vouched for what it names: its modules are not loaded. */
  untrusted?: string
}

/** Whether a name is a file's: it begins like a path or ends like a file that tasks are loaded from. */
export function isPath(name: string): boolean {
  return /^(?:\.{0,2}[/\\]|[a-z]:[/\\])/i.test(name) || /\.(?:[cm]?[jt]s|jsonl|ndjson|json|csv|parquet)$/i.test(name)
}

export function didYouMean(word: string, known: readonly string[]): string {
  const candidate = near(word, known)
  return candidate === undefined ? `Known: ${known.join(', ')}.` : `Did you mean '${candidate}'?`
}

/** Keys that every task takes, whatever it is. */
export const commonTaskSchema = z.object({
  system: z.string().optional().describe("system prompt put before every problem's chat that has none of its own"),
  template: templateKey.optional().describe("variables of the model's chat template, such as {enable_thinking: false}"),
  rewards: z.unknown().optional().describe('further rewards beside the task, a list of names with keys'),
  passRates: z
    .unknown()
    .optional()
    .describe('train on the problems whose measured pass rate lies in a range, in an order'),
})

/** What is wrong with the keys of a task (or of another named thing), each where it stands if that is known. */
export class KeyProblems extends UserError {
  readonly #where: string
  readonly #problems: readonly Problem[]

  /** `where`: `task countdown`. A problem's message names its key. */
  constructor(where: string, problems: readonly Problem[], hint: string, locate: Locate = () => undefined) {
    const line = ({ path, message }: Problem, ...said: string[]) => {
      const place = locate(path)
      return [...(place === undefined ? [] : [place]), ...said, message].join(': ')
    }
    super(
      problems.length === 1
        ? line(problems[0]!, where)
        : `${where} has ${problems.length} problems\n${problems.map((problem) => `  ${line(problem)}`).join('\n')}`,
      { hint },
    )
    this.#where = where
    this.#problems = problems
  }

  /** The same, of keys that stand at `path` of the section. */
  under(path: readonly string[]): KeyProblems {
    const problems = this.#problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }))
    return new KeyProblems(this.#where, problems, this.hint!)
  }

  /** The same, with the places of the keys of `section`, whose keys these are. */
  in(section: object): KeyProblems {
    return new KeyProblems(this.#where, this.#problems, this.hint!, (keys) => placeIn(section, keys))
  }
}

/**
 * Validates a task's (or another named thing's) keys.
 * @throws KeyProblems that names an unknown key with what was meant, or all bad values with what their keys take
 */
export function parseSpec<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  spec: TaskSpec,
  what = 'task',
): z.output<z.ZodObject<Shape>> {
  const { name, ...keys } = spec
  const known = Object.keys(schema.shape)
  for (const key of Object.keys(keys)) {
    if (!known.includes(key)) {
      const meant = what === 'task' ? ['name', ...known, ...Object.keys(commonTaskSchema.shape)] : ['name', ...known]
      const problem = { path: [key], message: `unknown key '${key}'` }
      throw new KeyProblems(`${what} ${name}`, [problem], didYouMean(key, [...new Set(meant)]))
    }
  }
  return parseKeys(schema, keys, `${what} ${name}`)
}

/**
 * The values of `keys` by their schema; `inside`: the path from the task on to the section that they are.
 * @throws KeyProblems with all that is wrong, in the words of a recipe's errors
 */
export function parseKeys<Schema extends z.ZodType>(
  schema: Schema,
  keys: unknown,
  where: string,
  inside: readonly string[] = [],
): z.output<Schema> {
  const result = schema.safeParse(keys, { reportInput: true })
  if (result.success) return result.data
  const entries = schemaEntries(schema)
  const problems = problemsOf(result.error, entries, keys)
  const meant = entries.filter((entry) => problems.some(({ path }) => path[0] === entry.path))
  throw new KeyProblems(
    where,
    problems.map(({ path, message }) => ({
      path: [...inside, ...path],
      message: [...(path.length > 0 ? [path.join('.')] : []), message].join(': '),
    })),
    meant.length > 0 ? meant.map(whatItTakes).join('; ') : 'docs/tasks.md describes the keys',
  )
}

const whatItTakes = ({ path, description, type, default: value }: SchemaEntry): string =>
  `${path}: ${description} (${type}${value === undefined ? '' : `, default ${value}`})`
