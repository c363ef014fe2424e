/** How fast problems are sampled, and how long the rest takes. */

export interface Pace {
  /** Completion tokens of this start. */
  tokens: number
  /** Since the first token of this start. */
  seconds: number
  /** Absent before there is a rate. */
  tokensPerSecond?: number
  /** Tokens of the completions that are not finished, by the mean length so far; absent before there is one. */
  tokensLeft?: number
  /** An upper bound while the first problems are sampled; absent before there is a rate. */
  secondsLeft?: number
}

export interface PaceTracker {
  /** `running` are the tokens of completions in progress; `longest` is their limit. */
  pace(running: number, longest: number): Pace
  /** Counts finished problems, which `done` counts too. */
  finish(problems: readonly { responses: readonly { length: number }[] }[]): void
}

/**
 * Completions in progress count by their tokens over the mean length so far, or over the longest length before one has ended;
 * the clock starts with the first token. `total` completions are asked for, `done()` of them are finished, earlier starts
 * included.
 */
export function trackPace(total: number, done: () => number): PaceTracker {
  const before = done()
  let began: number | undefined
  let tokens = 0
  return {
    pace(running, longest) {
      const now = performance.now() / 1000
      began ??= now
      const fresh = done() - before
      const length = fresh > 0 ? tokens / fresh : longest
      const work = fresh + running / length
      const seconds = now - began
      const pace: Pace = { tokens: tokens + running, seconds }
      if (fresh > 0) pace.tokensLeft = Math.round((total - before - fresh) * length)
      if (seconds > 0 && work > 0) {
        pace.tokensPerSecond = pace.tokens / seconds
        pace.secondsLeft = Math.max(0, ((total - before - work) * seconds) / work)
      }
      return pace
    },
    finish(problems) {
      for (const { responses } of problems) for (const { length } of responses) tokens += length
    },
  }
}
