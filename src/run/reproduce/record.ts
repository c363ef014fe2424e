/** A run on disk, read for measuring. */
import { existsSync } from 'node:fs'
import type { LedgerLine } from '../../train/events.js'
import { readHistory } from '../store/history.js'
import { readJsonLines } from '../store/json-lines.js'
import { runPaths } from '../store/run-directory.js'
import type { PlannedRun } from './plan.js'
import type { RunRecord } from './types.js'

/** The run where it is complete, its last evaluation included; undefined where it is not, or not there. */
export function readRecord({ directory, recipe, seed }: PlannedRun): RunRecord | undefined {
  const paths = runPaths(directory)
  if (!existsSync(paths.config)) return undefined
  const { steps, evaluations } = readHistory(paths)
  const { steps: planned } = recipe.train
  const complete = steps.at(-1)?.step === planned && (!recipe.eval || evaluations.at(-1)?.step === planned)
  return complete ? { seed, steps, evaluations, ledger: readJsonLines<LedgerLine>(paths.ledger) } : undefined
}
