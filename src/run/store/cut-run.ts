import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clearCheckpointsAfter } from './checkpoint.js'
import type { Disk } from './disk.js'
import { cutAfterStep } from './json-lines.js'
import { type RunPaths, stepOf } from './run-directory.js'

/** Takes a run back to `step`, as if nothing had been written after it. Repeatable: a cut that was cut short goes on. */
export function cutRun(disk: Disk, paths: RunPaths, step: number): void {
  cutAfterStep(disk, paths.metrics, step)
  cutAfterStep(disk, paths.evaluations, step)
  cutAfterStep(disk, paths.ledger, step)
  cutAfterStep(disk, paths.warnings, step)
  if (existsSync(paths.rollouts)) {
    for (const name of readdirSync(paths.rollouts)) {
      if (name.endsWith('.partial') || (stepOf(name, '.parquet') ?? -1) > step) disk.remove(join(paths.rollouts, name))
    }
  }
  clearCheckpointsAfter(disk, paths, step)
}
