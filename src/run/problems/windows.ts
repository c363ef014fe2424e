/**
 * Problems sampled window by window into a journal. A window is as many problems as fill one batch, at most an eighth of the
 * data, and the settings alone decide which problems share one. So work that was interrupted computes what it would have
 * computed without the interruption, bit for bit on the same CPU with the same threads, and loses no more than one window.
 */
import { UserError } from '../../base/errors.js'
import {
  type EvaluatedProblem,
  type PlacedExample,
  type Responder,
  type RespondOptions,
  respond,
} from '../../evaluate/respond.js'
import type { Example } from '../../task/types.js'
import type { Journal, ProblemLine } from './journal.js'

/** Problems sampled together. */
export function windowSize(problems: number, samples: number, batchSize: number): number {
  return Math.max(1, Math.min(Math.floor(batchSize / samples), Math.ceil(problems / 8)))
}

/** Rows sampled at once at most, unless `asked` says so. @throws UserError for no rows */
export function batchRows(asked: number | undefined, device = 'cpu'): number {
  const rows = asked ?? (device === 'cpu' ? 32 : 256)
  if (!Number.isSafeInteger(rows) || rows < 1) throw new UserError(`a batch of ${rows} rows`)
  return rows
}

/** Examples at their places in the data set. */
export const placed = (problems: readonly Example[]): PlacedExample[] =>
  problems.map((example, index) => ({ index, example }))

export interface WindowWork<Line extends ProblemLine> {
  /** What samples and grades; its signal ends the work after the last finished window. */
  responder: Responder
  problems: readonly Example[]
  sampling: RespondOptions
  journal: Journal<Line>
  /** What the journal keeps of a problem. */
  toLine(problem: EvaluatedProblem): Line
  /** Tokens and completions of the window in progress. */
  onProgress(done: { tokens: number; completions: number }): void
  /** A window is in the journal. */
  onWindow(problems: readonly EvaluatedProblem[]): void
}

/** Samples every window that has a problem which the journal lacks. */
export async function sampleWindows<Line extends ProblemLine>(work: WindowWork<Line>): Promise<void> {
  const { responder, sampling, journal } = work
  const { signal } = responder
  const all = placed(work.problems)
  const size = windowSize(all.length, sampling.samples, sampling.batchSize)
  for (let from = 0; from < all.length; from += size) {
    const window = all.slice(from, from + size)
    if (window.every(({ index }) => journal.done.has(index))) continue
    if (signal?.aborted) return
    const answered = await respond(responder, window, sampling, work.onProgress)
    // The rows of a call that was ended are cut short: they are no answers.
    if (!answered || signal?.aborted) return
    journal.append(answered.filter(({ index }) => !journal.done.has(index)).map(work.toLine))
    work.onWindow(answered)
  }
}
