/** From the rows of any layout to problems, and from problems that repeat to distinct ones. */
import { UserError } from '../../base/errors.js'
import type { ChatMessage } from '../../model/types.js'
import { findBoxes } from '../math/boxed.js'
import { grade } from '../math/grade.js'
import { answerColumns, asPrompt, asText, chooseColumn, column, promptColumns } from './columns.js'
import { problemKey, problemText, withoutWrapper } from './identity.js'
import { type CountedRow, firstRow, type Row, streamDistinct } from './rows.js'

export interface Problem {
  /** SHA-256 of the normalised text: the problem's identity. */
  key: string
  /** The source's own name of it, else its row's number. */
  id: string
  /** As the source has it, without the instructions that a known source puts around every problem. */
  prompt: string | ChatMessage[]
  /** The text that identity and overlaps look at. */
  text: string
  answer: string
  /** The whole solution, where the answer's column holds one. */
  solution?: string
}

/** The problem's name in everything that is written: the first 16 digits of its key. */
export const problemId = (key: string): string => key.slice(0, 16)

/** Which columns to read; absent: the first of the usual ones that the first row has. */
export interface ColumnChoice {
  prompt?: string
  answer?: string
  id?: string
}

export interface ReadProblem {
  problem: Problem
  copies: number
}

/**
 * The problems of a file, one at a time; rows that repeat exactly are counted where the file's format allows.
 * @throws UserError for a file without rows, a missing column, and a row without text or answer.
 */
export async function* readProblems(path: string, choice: ColumnChoice = {}): AsyncGenerator<ReadProblem> {
  const first = await firstRow(path)
  if (first === undefined) throw new UserError(`${path}: has no rows`)
  const where = `${path}, row 1`
  const names = {
    prompt: chooseColumn(first, choice.prompt, promptColumns, where),
    answer: chooseColumn(first, choice.answer, answerColumns, where),
    ...(choice.id === undefined ? {} : { id: chooseColumn(first, choice.id, [], where) }),
  }
  const topLevel = new Set(
    Object.values(names).map((name) => (Object.hasOwn(first, name) ? name : name.split('.')[0]!)),
  )
  let number = 0
  for await (const { row, copies } of streamDistinct(path, [...topLevel]) as AsyncIterable<CountedRow>) {
    number++
    yield { problem: toProblem(row, names, String(number - 1), `${path}, row ${number}`), copies }
  }
}

function toProblem(row: Row, names: ColumnChoice, number: string, where: string): Problem {
  const given = asPrompt(column(row, names.prompt!), `${where}, ${names.prompt}`)
  const prompt = bare(given)
  const text = problemText(prompt)
  if (text.trim() === '') throw new UserError(`${where}: '${names.prompt}' is empty`)
  const written = asText(column(row, names.answer!), `${where}, ${names.answer}`)
  const { answer, solution } = finalAnswer(written)
  if (answer.trim() === '') throw new UserError(`${where}: '${names.answer}' is empty`)
  const id = names.id === undefined ? number : asText(column(row, names.id), `${where}, ${names.id}`)
  return { key: problemKey(text), id, prompt, text, answer, solution }
}

/** A whole solution's answer: behind GSM8K's last `#### `, with thousands separators, or in MATH's last box. */
function finalAnswer(text: string): { answer: string; solution?: string } {
  const mark = text.lastIndexOf('####')
  if (mark < 0) {
    const boxed = findBoxes(text).contents.at(-1)?.trim()
    return boxed === undefined || boxed === '' ? { answer: text } : { answer: boxed, solution: text }
  }
  const answer = text.slice(mark + 4).trim()
  return {
    answer: /^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(answer) ? answer.replaceAll(',', '') : answer,
    solution: text,
  }
}

/** A chat of one user message is its text: the instruction around it is the task's to choose. */
function bare(prompt: string | ChatMessage[]): string | ChatMessage[] {
  if (typeof prompt === 'string') return withoutWrapper(prompt)
  return prompt.length === 1 && prompt[0]!.role === 'user' ? withoutWrapper(prompt[0]!.content) : prompt
}

export interface Distinct {
  /** Sorted by key: the same whatever the order of the rows. */
  problems: Problem[]
  /** Rows read. */
  rows: number
  /** Rows that repeat a problem. */
  repeated: number
  /** Problems left out because their copies disagree on the answer. */
  conflicting: number
}

/**
 * Each problem once. Of several spellings the first in code-unit order stays, so that the outcome does not depend on
 * the rows' order. A problem whose copies have different answers cannot be graded, and goes.
 */
export async function distinctProblems(source: AsyncIterable<ReadProblem>): Promise<Distinct> {
  const byKey = new Map<string, { problem: Problem; answers: Set<string> }>()
  let rows = 0
  for await (const { problem, copies } of source) {
    rows += copies
    const seen = byKey.get(problem.key)
    if (seen === undefined) {
      byKey.set(problem.key, { problem, answers: new Set([problem.answer]) })
      continue
    }
    seen.answers.add(problem.answer)
    if (spelling(problem) < spelling(seen.problem)) seen.problem = problem
  }
  const kept = [...byKey.values()].filter(({ answers }) => agree([...answers])).map(({ problem }) => problem)
  kept.sort((a, b) => (a.key < b.key ? -1 : 1))
  return { problems: kept, rows, repeated: rows - byKey.size, conflicting: byKey.size - kept.length }
}

/**
 * Whether every two of the answers are one: 34 and 34.0 are. All pairs count, since equality does not carry over: 50\% is 50 to
 * a grader and 0.5 too, and these two differ. So the rows' order decides nothing.
 */
const agree = (answers: readonly string[]): boolean =>
  answers.length <= mostSpellings && answers.every((a, i) => answers.slice(i + 1).every((b) => sameAnswer(a, b)))

/** Spellings of one problem's answer beyond which they count as a conflict: no answer has so many. */
const mostSpellings = 50

const sameAnswer = (a: string, b: string): boolean =>
  a === b || grade(`\\boxed{${a}}`, b).correct || grade(`\\boxed{${b}}`, a).correct

const spelling = ({ text, answer }: Problem): string => `${text}\n${answer}`
