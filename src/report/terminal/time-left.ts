/**
 * How long a run will still take. A step's time is the median of the recent ones, so that a machine that slept or a
 * first step that compiled something does not spoil it; evaluations and checkpoints, which only some steps have, are
 * counted apart and spread over all steps.
 */
import type { TrainEvent } from '../../train/events.js'
import { quantile } from '../statistics.js'

export type Phase = Extract<TrainEvent, { type: 'phase' }>['phase']

export interface TimeLeft {
  /** Times are seconds of any one clock that never goes back. */
  phase(phase: Phase, now: number): void
  step(now: number): void
  /** Seconds for `remaining` more steps; undefined before the first step has ended. */
  estimate(remaining: number, now: number): number | undefined
}

const window = 20

export function createTimeLeft(start: number): TimeLeft {
  const work: number[] = []
  let steps = 0
  let extraOfRun = 0
  let extraOfStep = 0
  let stepStart = start
  let phaseStart = start
  let current: Phase | undefined

  const account = (now: number) => {
    if (current === 'evaluate' || current === 'checkpoint') extraOfStep += now - phaseStart
    phaseStart = now
  }

  return {
    phase(phase, now) {
      account(now)
      current = phase
    },
    step(now) {
      account(now)
      current = undefined
      work.push(Math.max(0, now - stepStart - extraOfStep))
      if (work.length > window) work.shift()
      steps++
      extraOfRun += extraOfStep
      extraOfStep = 0
      stepStart = now
    },
    estimate(remaining, now) {
      const typical = quantile(work, 0.5)
      if (typical === undefined) return undefined
      const begun = Math.min(typical, Math.max(0, now - stepStart))
      return Math.max(0, remaining * (typical + extraOfRun / steps) - (remaining > 0 ? begun : 0))
    },
  }
}
