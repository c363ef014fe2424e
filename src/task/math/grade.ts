/** The verdict on one answer, in bounded time. */

import { findBoxes } from './boxed.js'
import { Budget, OverBudget } from './budget.js'
import { equivalent } from './compare.js'
import { extractDapo, normalizeDapo } from './dapo.js'
import { extractAnswer } from './extract.js'
import { hasOpenCommas, longestAnswer, readAnswer } from './read.js'

/** How alike an answer and its reference must be: as text, as the DAPO trainers compare, or as mathematics. */
export const gradeRules = ['exact', 'dapo', 'math'] as const
export type GradeRule = (typeof gradeRules)[number]

export interface Verdict {
  correct: boolean
  /** The final answer as the response writes it; null where there is none. */
  extracted: string | null
  reason: string
}

/** Work for one answer, in units of about a microsecond. */
const budgetPerAnswer = 100_000

/**
 * Whether `response` ends with the answer `answer`.
 *
 * - `math` (the default): the final answer means the same as the reference, as docs/grading.md lists.
 * - `dapo`: verl's rule for DAPO: the last "Answer: ..." of the final 300 characters, normalised, as text.
 * - `exact`: the final answer is the reference, character by character but for the space and $ around it.
 *
 * Never throws and never runs what it reads; an answer that would take too much work is not correct.
 */
export function grade(response: string, answer: string, options: { rule?: GradeRule } = {}): Verdict {
  const { rule = 'math' } = options
  if (rule === 'dapo') return gradeDapo(response, answer)
  const budget = new Budget(budgetPerAnswer)
  try {
    const { text, reason } = extractAnswer(response, (each) => readAnswer(each, budget).kind !== 'words')
    if (text === null) return { correct: false, extracted: null, reason: reason ?? 'no answer found' }
    const extracted = text.trim()
    if (rule === 'exact') {
      const correct = bare(extracted) === bare(finalOf(answer))
      return { correct, extracted: shown(extracted), reason: correct ? 'the same text' : 'another text' }
    }
    return { extracted: shown(extracted), ...compareAnswers(finalOf(answer), extracted, budget) }
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error
    return { correct: false, extracted: null, reason: 'too much work' }
  }
}

/** The first characters of an answer of megabytes. */
const shown = (text: string): string => (text.length > longestAnswer ? `${text.slice(0, longestAnswer)}...` : text)

/** A reference may be a whole solution: its box, or what follows ####. */
function finalOf(answer: string): string {
  const boxed = findBoxes(answer).contents.at(-1)
  if (boxed !== undefined) return boxed.trim()
  const mark = answer.lastIndexOf('####')
  return (mark < 0 ? answer : answer.slice(mark + 4)).trim()
}

const bare = (text: string): string => text.replace(/^(?:\$+|\\[([])\s*|\s*(?:\$+|\\[)\]])$/g, '').trim()

function compareAnswers(answer: string, extracted: string, budget: Budget): { correct: boolean; reason: string } {
  if (answer === '') return { correct: false, reason: 'the reference is empty' }
  if (bare(answer) === bare(extracted)) return { correct: true, reason: 'the same text' }
  if (extracted.length > longestAnswer) return { correct: false, reason: 'too long' }
  try {
    if (equivalent(readAnswer(answer, budget), readAnswer(extracted, budget), budget)) {
      return { correct: true, reason: 'equivalent' }
    }
    const asLists =
      (hasOpenCommas(answer) || hasOpenCommas(extracted)) &&
      equivalent(readAnswer(answer, budget, 'list'), readAnswer(extracted, budget, 'list'), budget, { ordered: true })
    return asLists ? { correct: true, reason: 'equivalent' } : { correct: false, reason: 'different' }
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error
    return { correct: false, reason: 'too much work' }
  }
}

function gradeDapo(response: string, answer: string): Verdict {
  const found = extractDapo(response)
  if (found === undefined) return { correct: false, extracted: null, reason: 'no answer found' }
  const correct = normalizeDapo(found) === normalizeDapo(answer)
  return { correct, extracted: found.trim(), reason: correct ? 'the same text once normalised' : 'different' }
}
