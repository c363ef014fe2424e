import { UserError } from './errors.js'
import { type Problem, problemsOf } from './problems.js'
import { type Recipe, recipeSchema } from './recipe.js'
import { recipeRules } from './recipe-rules.js'

type Json = Record<string, unknown>

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
function withoutRefused(value: Json, problems: Problem[]): Json {
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
  return { ...copy, model: 'any', task: { name: 'any' } }
}

const touches = (a: string, b: string) => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)

/** Either the recipe or everything that is wrong with it. */
export function checkRecipe(value: unknown): { recipe: Recipe } | { problems: Problem[] } {
  const given = isSection(value) ? withoutNulls(value) : value
  const parsed = recipeSchema.safeParse(given, { reportInput: true })
  const problems = parsed.success ? [] : problemsOf(parsed.error)
  const judged = parsed.success
    ? parsed
    : isSection(given)
      ? recipeSchema.safeParse(withoutRefused(given, problems))
      : undefined
  if (judged?.success) {
    const refused = problems.map((problem) => problem.path.join('.'))
    for (const rule of recipeRules) {
      if (rule.reads.some((key) => refused.some((path) => touches(path, key)))) continue
      const message = rule.check(judged.data)
      if (message !== undefined) problems.push({ path: rule.path.split('.'), message })
    }
  }
  return parsed.success && problems.length === 0 ? { recipe: parsed.data } : { problems }
}

export const configHint = '`isentrope config` lists every key with its meaning and default.'

/**
 * Validates a recipe given as an object and fills in the defaults.
 * @throws UserError that lists all problems, each with its key.
 */
export function parseRecipe(value: unknown): Recipe {
  const result = checkRecipe(value)
  if ('recipe' in result) return result.recipe
  throw recipeError('recipe', result.problems, () => undefined)
}

/** All problems in one error; `locate` says where a key stands (`file:line:column`), where that is known. */
export function recipeError(
  what: string,
  problems: Problem[],
  locate: (path: string[]) => string | undefined,
): UserError {
  const lines = problems.map((problem) => {
    const key = problem.path.join('.') || 'recipe'
    const place = locate(problem.path)
    const parts = place === undefined ? [key] : place.startsWith(`--set ${key}=`) ? [place] : [place, key]
    return [...parts, problem.message].join(': ')
  })
  if (lines.length === 1) return new UserError(lines[0], { hint: configHint })
  return new UserError(`${what} has ${lines.length} problems\n${lines.map((line) => `  ${line}`).join('\n')}`, {
    hint: configHint,
  })
}
