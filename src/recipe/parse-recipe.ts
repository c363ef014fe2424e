import type { z } from 'zod'
import { UserError } from '../base/errors.js'
import { schemaEntries } from '../base/schema/entries.js'
import { type Problem, problemsOf } from '../base/schema/problems.js'
import { aliases } from './aliases.js'
import { type Rule, recipeRules } from './rules.js'
import { type Recipe, recipeSchema } from './schema.js'

type Json = Record<string, unknown>

/** A kind of recipe: what `train` reads, or what `sft` does. */
export interface RecipeFormat<R> {
  schema: z.ZodType<R>
  rules: readonly Rule<R>[]
  /** Stands in for what is required while the rules judge a recipe that the schema refused. */
  placeholder: Json
  /** Adds the sections that stand for others' values. */
  complete(given: Json): Json
  hint: string
  /** The section by which a recipe shows itself to be of another kind, and the command that reads it. */
  foreign: { section: string; command: string }
}

export const configHint = '`isentrope config` lists every key with its meaning and default.'

export const trainFormat: RecipeFormat<Recipe> = {
  schema: recipeSchema,
  rules: recipeRules,
  placeholder: { model: 'any', task: { name: 'any' } },
  complete: withCritic,
  hint: configHint,
  foreign: { section: 'data', command: 'isentrope sft' },
}

/** The format's hint, or the other command's name where the recipe is that one's. */
export function hintFor<R>({ hint, placeholder, foreign }: RecipeFormat<R>, value: unknown): string {
  const own = Object.keys(placeholder).every((key) => isSection(value) && value[key] !== undefined)
  const other = isSection(value) && value[foreign.section] !== undefined
  return other && !own ? `this reads like a recipe of \`${foreign.command}\`.` : hint
}

const isSection = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A key without a value (`threads:`) counts as not given; a task's own keys are the task's business. */
function withoutNulls(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([key, child]) => [key, key !== 'task' && isSection(child) ? withoutNulls(child) : child]),
  )
}

/** A copy in which what the schema refused is gone, so that the rules can judge the rest. */
function withoutRefused(value: Json, problems: Problem[], placeholder: Json): Json {
  const copy = structuredClone(value)
  for (const { path } of problems) {
    let section = copy
    for (const key of path) {
      const child = section[key]
      if (isSection(child) && key !== path.at(-1)) {
        section = child
      } else {
        delete section[key]
        break
      }
    }
  }
  return { ...copy, ...placeholder }
}

/** Under ppo the critic's section is there, with its defaults; elsewhere there is none. */
function withCritic(value: Json): Json {
  const ppo = isSection(value.algorithm) && value.algorithm.name === 'ppo'
  return ppo && value.critic === undefined ? { ...value, critic: {} } : value
}

const touches = (a: string, b: string) => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)

/** Either the recipe or everything that is wrong with it. */
export function checkRecipe<R>(
  value: unknown,
  { schema, rules, placeholder, complete }: RecipeFormat<R>,
): { recipe: R } | { problems: Problem[] } {
  const given = isSection(value) ? complete(withoutNulls(value)) : value
  const parsed = schema.safeParse(given, { reportInput: true })
  const problems = parsed.success ? [] : problemsOf(parsed.error, schemaEntries(schema), given, aliases)
  const judged = parsed.success
    ? parsed
    : isSection(given)
      ? schema.safeParse(withoutRefused(given, problems, placeholder))
      : undefined
  if (judged?.success) {
    const refused = problems.map((problem) => problem.path.join('.'))
    for (const rule of rules) {
      if (rule.reads.some((key) => refused.some((path) => touches(path, key)))) continue
      const message = rule.check(judged.data)
      if (message !== undefined) problems.push({ path: rule.path.split('.'), message })
    }
  }
  return parsed.success && problems.length === 0 ? { recipe: parsed.data } : { problems }
}

/**
 * Validates a recipe given as an object and fills in the defaults.
 * @throws UserError that lists all problems, each with its key.
 */
export const parseRecipe = (value: unknown): Recipe => parseAs(value, trainFormat)

/** {@link parseRecipe} for any kind of recipe. */
export function parseAs<R>(value: unknown, format: RecipeFormat<R>): R {
  const result = checkRecipe(value, format)
  if ('recipe' in result) return result.recipe
  throw recipeError('recipe', result.problems, hintFor(format, value), () => undefined)
}

/** A list of thousands of wrong entries has as many problems. */
const mostProblems = 50

/** All problems in one error, up to 50; `locate` says where a key stands (`file:line:column`), where that is known. */
export function recipeError(
  what: string,
  problems: Problem[],
  hint: string,
  locate: (path: string[]) => string | undefined,
): UserError {
  const lines = problems.slice(0, mostProblems).map((problem) => {
    const key = problem.path.join('.') || 'recipe'
    const place = locate(problem.path)
    const parts = place === undefined ? [key] : place.startsWith(`--set ${key}=`) ? [place] : [place, key]
    return [...parts, problem.message].join(': ')
  })
  if (lines.length === 1) return new UserError(lines[0], { hint })
  const rest = problems.length - lines.length
  if (rest > 0) lines.push(`and ${rest} more`)
  return new UserError(`${what} has ${problems.length} problems\n${lines.map((line) => `  ${line}`).join('\n')}`, {
    hint,
  })
}
