import { findBoxes } from './boxed.js'
import { extractDapo, normalizeDapo } from './dapo.js'

/** How alike an answer and its reference must be: as text, as the DAPO trainers compare, or as mathematics. */
export const gradeRules = ['exact', 'dapo', 'math'] as const
export type GradeRule = (typeof gradeRules)[number]

export interface Verdict {
  correct: boolean
  /** The final answer as the response writes it; null where there is none. */
  extracted: string | null
  reason: string
}

export function grade(response: string, answer: string, options: { rule?: GradeRule } = {}): Verdict {
  if (options.rule === 'dapo') {
    const found = extractDapo(response)
    if (found === undefined) return { correct: false, extracted: null, reason: 'no answer found' }
    const correct = normalizeDapo(found) === normalizeDapo(answer)
    return { correct, extracted: found, reason: correct ? 'equal' : 'different' }
  }
  const found = findBoxes(response).contents.at(-1) ?? /####\s*([^\n]+)\s*$/.exec(response)?.[1]
  if (found === undefined) return { correct: false, extracted: null, reason: 'no answer found' }
  const correct = found.trim() === answer.trim()
  return { correct, extracted: found, reason: correct ? 'equal' : 'different' }
}
