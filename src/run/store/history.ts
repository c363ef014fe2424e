import { existsSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import type { EvalMetrics, StepMetrics } from '../../train/events.js'
import type { RunEnvironment } from './environment.js'
import { isJsonObject, readJsonFile } from './json-file.js'
import { readJsonLines } from './json-lines.js'
import type { RunPaths } from './run-directory.js'

/** What a run has behind it. */
export interface History<Step = StepMetrics, Evaluation = EvalMetrics> {
  steps: readonly Step[]
  evaluations: readonly Evaluation[]
}

/** A run's lines so far; also while it is being written. */
export function readHistory<Step = StepMetrics, Evaluation = EvalMetrics>(paths: RunPaths): History<Step, Evaluation> {
  return { steps: readJsonLines<Step>(paths.metrics), evaluations: readJsonLines<Evaluation>(paths.evaluations) }
}

export function readEnvironment(paths: RunPaths): RunEnvironment | undefined {
  if (!existsSync(paths.environment)) return undefined
  const environment = readJsonFile<RunEnvironment>(paths.environment)
  if (isJsonObject(environment)) return environment
  throw new UserError(`${paths.environment}: not JSON`, { hint: 'the file is damaged: move it away to go on without' })
}
