/** Where an evaluation stands, and how long it will still take. */
import { trackPace } from '../problems/progress.js'
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

/** Counts over all jobs; the pace is that of this start. */
export function trackProgress(jobs: readonly Job[], tell?: (progress: EvalProgress) => void): Progress {
  const count = () => jobs.reduce((sum, { data, journal }) => sum + journal.done.size * data.samples, 0)
  const total = jobs.reduce((sum, { data }) => sum + data.problems.length * data.samples, 0)
  const tracker = trackPace(total, count)
  const report = (model: string, data: string, running: { tokens: number; completions: number }) => {
    const job = jobs.find((each) => each.model.name === model && each.data.name === data)!
    const { tokensPerSecond, secondsLeft } = tracker.pace(running.tokens, job.data.settings.maxNewTokens)
    tell?.({
      model,
      data,
      problems: job.journal.done.size,
      problemsTotal: job.data.problems.length,
      completions: count() + running.completions,
      completionsTotal: total,
      ...(tokensPerSecond !== undefined && { tokensPerSecond, secondsLeft }),
    })
  }
  return {
    within: report,
    after(model, data, problems) {
      tracker.finish(problems)
      report(model, data, { tokens: 0, completions: 0 })
    },
  }
}
