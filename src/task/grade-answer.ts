/** Grading by a reference answer: which rule compares, and whether a completion cut off by the limit can be right. */
import { lastNumber } from './arithmetic.js'
import { grade } from './math/grade.js'
import type { CompletionInfo, Grade } from './types.js'

/** The rules of the mathematics grader, and `number`: the last number written is the reference. */
export const answerRules = ['math', 'dapo', 'exact', 'number'] as const
export type AnswerRule = (typeof answerRules)[number]

export function gradeAnswer(
  completion: string,
  answer: string,
  info: CompletionInfo,
  options: { rule: AnswerRule; requireStop: boolean },
): Grade {
  const ended = info.finish === 'stop'
  const { rule } = options
  const verdict = rule === 'number' ? gradeNumber(completion, answer) : grade(completion, answer, { rule })
  const rewarded = verdict.correct && (ended || !options.requireStop)
  return { reward: rewarded ? 1 : 0, correct: rewarded, details: { ...verdict, ended } }
}

function gradeNumber(completion: string, answer: string) {
  const found = lastNumber(completion)
  const correct = found !== undefined && found === lastNumber(answer)
  const reason = found === undefined ? 'no number found' : correct ? 'equal' : 'different'
  return { correct, extracted: found === undefined ? null : String(found), reason }
}
