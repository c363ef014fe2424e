/** Checks JSON that this program wrote itself, against its schema. */
import type { z } from 'zod'
import { problemsOf } from './problems.js'

/** What the schema makes of a value, or everything that is wrong with it, on one line. */
export function wholeOrProblems<T>(schema: z.ZodType<T>, value: unknown): { data?: T; problems: string } {
  const { data, error } = schema.safeParse(value, { reportInput: true })
  if (error === undefined) return { data, problems: '' }
  const problems = problemsOf(error, [], value).map(({ path, message }) => `${path.join('.') || 'it'} ${message}`)
  return { problems: problems.join('; ') }
}
