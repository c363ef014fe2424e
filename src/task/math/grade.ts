/** The verdict on one answer, in bounded time. */

import { findBoxes } from './boxed.js'
import { Budget, OverBudget } from './budget.js'
import { equivalent } from './compare.js'
import { extractDapo, normalizeDapo } from './dapo.js'
import { lastBoxes } from './extract/box-list.js'
import { unescaped } from './extract/escapes.js'
import { type Extraction, extractAnswer } from './extract/extract.js'
import { markedAnswer } from './extract/markers.js'
import type { Read } from './extract/value.js'
import type { Node } from './node.js'
import { hasOpenCommas, longestAnswer, readAnswer } from './read.js'
import { withoutMarks } from './trim.js'

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
  const read: Read = (text) => readAnswer(text, budget)
  try {
    const found = extractAnswer(unescaped(response), read)
    if (found.text === null) return { correct: false, extracted: null, reason: found.reason ?? 'no answer found' }
    const extracted = unescaped(found.text.trim())
    const given = unescaped(answer).trim()
    // A reference that only looks like a solution is still itself.
    const reference = given !== '' && bare(given) === bare(extracted) ? given : finalOf(given)
    if (rule === 'exact') {
      const correct = bare(extracted) === bare(reference)
      return { correct, extracted: shown(extracted), reason: correct ? 'the same text' : 'another text' }
    }
    return { extracted: shown(extracted), ...compareAnswers(reference, extracted, found, budget) }
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error
    return { correct: false, extracted: null, reason: 'too much work' }
  }
}

/** The first characters of an answer of megabytes. */
const shown = (text: string): string => (text.length > longestAnswer ? `${text.slice(0, longestAnswer)}...` : text)

const saysAnswer = /^[\s*_]{0,6}(?:(?:so|thus|hence|therefore),? )?(?:(?:the|our|my) )?(?:final |correct )?answers?\b/i

/** A reference may be a whole solution: its box, what follows ####, or "The answer is 42." */
function finalOf(answer: string): string {
  const boxes = findBoxes(answer)
  if (boxes.contents.length > 0) return lastBoxes(answer, boxes).trim()
  const mark = answer.lastIndexOf('####')
  if (mark >= 0) return answer.slice(mark + 4).trim()
  const stated = saysAnswer.test(answer) ? markedAnswer(answer)?.text.trim() : undefined
  return stated || answer.trim()
}

/** Without the marks of math mode around it. */
const bare = (text: string): string => withoutMarks(text, /^(?:\s|\$|\\[([])/, /(?:\s|\$|\\[)\]])$/)

type Comparison = Pick<Verdict, 'correct' | 'reason'>

const different: Comparison = { correct: false, reason: 'different' }
const equal: Comparison = { correct: true, reason: 'equivalent' }

function compareAnswers(answer: string, extracted: string, { whole }: Extraction, budget: Budget): Comparison {
  if (answer === '') return { correct: false, reason: 'the reference is empty' }
  if (bare(answer) === bare(extracted)) return { correct: true, reason: 'the same text' }
  if (extracted.length > longestAnswer) return { correct: false, reason: 'too long' }
  try {
    const reference = readAnswer(answer, budget)
    if (whole !== undefined && reference.kind === 'relation') {
      return equivalent(reference, readAnswer(whole, budget), budget) ? equal : different
    }
    const response = readAnswer(extracted, budget)
    if (equivalent(reference, response, budget) || isRepeated(reference, response, budget)) return equal
    const asLists =
      (hasOpenCommas(answer) || hasOpenCommas(extracted)) &&
      equivalent(readAnswer(answer, budget, 'list'), readAnswer(extracted, budget, 'list'), budget, { ordered: true })
    return asLists ? equal : different
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error
    return { correct: false, reason: 'too much work' }
  }
}

/** "1/2 or 0.5" is one answer, written twice; "5, 5" is a list. */
function isRepeated(reference: Node, response: Node, budget: Budget): boolean {
  if (response.kind !== 'sequence' || response.open !== '' || !response.either || reference.kind === 'sequence')
    return false
  return response.items.every((item) => equivalent(reference, item, budget))
}

function gradeDapo(response: string, answer: string): Verdict {
  const found = extractDapo(response)
  if (found === undefined) return { correct: false, extracted: null, reason: 'no answer found' }
  const correct = normalizeDapo(found) === normalizeDapo(answer)
  return { correct, extracted: found.trim(), reason: correct ? 'the same text once normalised' : 'different' }
}
