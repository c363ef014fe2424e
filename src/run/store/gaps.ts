/** What of a resumed run's past is not there: nothing that the run is trained by, so it is said and the run continues. */
import { existsSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { type RunPaths, stepOf } from './run-directory.js'

/** `1-4, 7`; the first ten parts of it. */
function ranges(steps: readonly number[]): string {
  const parts: [number, number][] = []
  for (const step of steps) {
    const last = parts.at(-1)
    if (last && last[1] === step - 1) last[1] = step
    else parts.push([step, step])
  }
  const texts = parts.slice(0, 10).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
  return texts.join(', ') + (parts.length > 10 ? ' ...' : '')
}

const word = (steps: readonly number[]) => (steps.length === 1 ? 'step' : 'steps')

/** Steps up to `done` without a line in metrics.jsonl or with several, and without a file in rollouts/ where others have one. */
export function gapsOf(paths: RunPaths, lines: readonly { step: number }[], done: number): string[] {
  const all = Array.from({ length: done }, (_, i) => i + 1)
  const counts = new Map<number, number>()
  for (const { step } of lines) counts.set(step, (counts.get(step) ?? 0) + 1)
  const missing = all.filter((step) => !counts.has(step))
  const repeated = all.filter((step) => (counts.get(step) ?? 0) > 1)
  const files = new Set(
    existsSync(paths.rollouts) ? readdirSync(paths.rollouts).map((name) => stepOf(name, '.parquet')) : [],
  )
  const unrecorded = all.some((step) => files.has(step)) ? all.filter((step) => !files.has(step)) : []
  const metrics = basename(paths.metrics)
  return [
    ...(missing.length > 0
      ? [`${metrics} has no line of ${word(missing)} ${ranges(missing)}: figures leave them out`]
      : []),
    ...(repeated.length > 0
      ? [`${metrics} has several lines of ${word(repeated)} ${ranges(repeated)}: figures count each`]
      : []),
    ...(unrecorded.length > 0
      ? [
          `${basename(paths.rollouts)}/ has no file of ${word(unrecorded)} ${ranges(unrecorded)}: samples and atlas leave them out`,
        ]
      : []),
  ]
}
