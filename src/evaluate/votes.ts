/** Who votes for what: answers that mean the same are one candidate of a majority vote. */
import { type GradeRule, grade } from '../task/math/grade.js'
import type { Vote } from './estimators-majority.js'
import type { Response } from './respond.js'

/** Comparing every answer with every other is work; a longer one than this is compared as text. */
const longestCompared = 120

/**
 * The votes of a problem's completions. Right answers are one candidate, as all mean what the reference means; wrong
 * ones are put together where `rule` calls them the same. undefined where the grader tells no answers.
 */
export function votesOf(responses: readonly Response[], rule: GradeRule): Vote[] | undefined {
  if (responses.every(({ extracted }) => extracted === undefined)) return undefined
  const wrong: string[] = []
  return responses.map(({ correct = false, extracted }) => {
    if (correct) return { answer: rightCandidate, correct }
    if (extracted === undefined || extracted === null) return { answer: null, correct }
    const known = wrong.find((candidate) => sameAnswer(candidate, extracted, rule))
    if (known === undefined) wrong.push(extracted)
    return { answer: known ?? extracted, correct }
  })
}

// No extracted answer holds a null character alone.
const rightCandidate = '\0'

function sameAnswer(a: string, b: string, rule: GradeRule): boolean {
  if (a === b) return true
  if (rule !== 'math' || a.length > longestCompared || b.length > longestCompared) return a.trim() === b.trim()
  return grade(`\\boxed{${a}}`, b, { rule }).correct
}
