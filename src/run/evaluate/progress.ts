/** Where an evaluation stands, and how long it will still take. */
import type { Job } from './plan.js'

export interface EvalProgress {
  model: string
  data: string
  /** Problems of this model and data set. */
  problems: number
  problemsTotal: number
  /** Over all models and data sets. */
  completions: number
  completionsTotal: number
  /** At the rate of this start; absent before there is one. */
  tokensPerSecond?: number
  /** Seconds; an upper bound while the first problems are under way. */
  secondsLeft?: number
}

export interface Progress {
  within(model: string, data: string, done: { tokens: number; completions: number }): void
  after(model: string, data: string, problems: readonly { responses: readonly { length: number }[] }[]): void
}

/**
 * Completions under way count by their tokens over the mean length so far, or over the longest length while none has
 * ended; the clock starts with the first token.
 */
export function trackProgress(jobs: readonly Job[], tell?: (progress: EvalProgress) => void): Progress {
  const count = () => jobs.reduce((sum, { data, journal }) => sum + journal.done.size * data.samples, 0)
  const total = jobs.reduce((sum, { data }) => sum + data.problems.length * data.samples, 0)
  const before = count()
  let began: number | undefined
  let tokens = 0
  const report = (model: string, data: string, running: { tokens: number; completions: number }) => {
    const now = performance.now() / 1000
    began ??= now
    const job = jobs.find((each) => each.model.name === model && each.data.name === data)!
    const done = count()
    const length = done > before ? tokens / (done - before) : job.data.settings.maxNewTokens
    const work = done - before + running.tokens / length
    const seconds = now - began
    tell?.({
      model,
      data,
      problems: job.journal.done.size,
      problemsTotal: job.data.problems.length,
      completions: done + running.completions,
      completionsTotal: total,
      ...(seconds > 0 && work > 0
        ? {
            tokensPerSecond: (tokens + running.tokens) / seconds,
            secondsLeft: Math.max(0, ((total - before - work) * seconds) / work),
          }
        : {}),
    })
  }
  return {
    within: report,
    after(model, data, problems) {
      tokens += problems.reduce((sum, { responses }) => sum + responses.reduce((all, { length }) => all + length, 0), 0)
      report(model, data, { tokens: 0, completions: 0 })
    },
  }
}
