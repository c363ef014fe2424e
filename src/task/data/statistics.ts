/** What a set of problems looks like, in numbers. */
import { words } from './identity.js'
import type { Problem } from './problems.js'

export interface DataStatistics {
  problems: number
  /** Characters of a problem's text. */
  characters: Quantiles
  /** Words of a problem's text, as n-grams count them. */
  words: Quantiles
  /** Share of answers that are whole numbers. */
  wholeNumberAnswers: number
  /** Different answers. */
  distinctAnswers: number
}

export interface Quantiles {
  min: number
  median: number
  p95: number
  max: number
}

export function describeProblems(problems: readonly Problem[]): DataStatistics {
  const answers = problems.map(({ answer }) => answer.trim())
  return {
    problems: problems.length,
    characters: quantiles(problems.map(({ text }) => text.length)),
    words: quantiles(problems.map(({ text }) => words(text).length)),
    wholeNumberAnswers: answers.filter((answer) => /^[+-]?\d+$/.test(answer)).length / problems.length,
    distinctAnswers: new Set(answers).size,
  }
}

/** Nearest rank. */
function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  return { min: sorted[0]!, median: at(0.5), p95: at(0.95), max: sorted.at(-1)! }
}
