import { createHash } from 'node:crypto'
import type { Example } from '../task/types.js'

/**
 * Equal where two lists of problems have the same prompts, template variables, and answers in the same order: 16 hexadecimal
 * digits.
 */
export function hashProblems(examples: readonly Example[]): string {
  const hash = createHash('sha256')
  for (const { prompt, answer, templateVariables: variables } of examples) {
    const problem = [prompt, answer ?? null, ...(variables === undefined ? [] : [variables])]
    hash.update(`${JSON.stringify(problem)}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}
