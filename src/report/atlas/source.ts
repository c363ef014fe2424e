/** Where an atlas gets its batches: rollout files of a run, or one file, with the run's recipe where there is one. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { loadRecipe } from '../../recipe/index.js'
import type { Recipe } from '../../recipe/schema.js'
import { type RolloutRow, readRolloutRows } from '../../run/store/rollout-rows.js'
import { runPaths, stepName, stepOf } from '../../run/store/run-directory.js'

export interface StepRange {
  first: number
  last: number
}

export interface AtlasSource {
  /** As given. */
  path: string
  recipe?: Recipe
  steps: { step: number; rows: RolloutRow[] }[]
}

/**
 * `path`: a run directory, or a rollout file. Of a run the steps asked for, by default the last one.
 * @throws {UserError} where there is no rollout to read, or a step is missing.
 */
export async function readSource(path: string, range?: StepRange): Promise<AtlasSource> {
  if (!existsSync(path)) throw new UserError(`${path}: no such file or directory`)
  const isRun = statSync(path).isDirectory()
  if (!isRun && range) throw new UserError('--steps chooses among the files of a run', { hint: 'give a run directory' })
  const files = isRun ? filesOf(path, range) : [path]
  const directory = isRun ? path : dirname(dirname(path))
  const config = runPaths(directory).config
  const steps: AtlasSource['steps'] = []
  for (const file of files) {
    const rows = await readRolloutRows(file)
    if (rows.every(({ tokens }) => tokens.length === 0)) throw new UserError(`${file}: holds no tokens`)
    steps.push({ step: rows[0].step, rows })
  }
  return { path, ...(existsSync(config) ? { recipe: loadRecipe(config) } : {}), steps }
}

function filesOf(directory: string, range: StepRange | undefined): string[] {
  const { rollouts } = runPaths(directory)
  const steps = (existsSync(rollouts) ? readdirSync(rollouts) : [])
    .flatMap((name) => stepOf(name, '.parquet') ?? [])
    .sort((a, b) => a - b)
  if (steps.length === 0) {
    throw new UserError(`${directory}: holds no rollouts (no rollouts/step-NNNNNN.parquet)`, {
      hint: 'give the directory that `isentrope train` printed as its run directory, or a rollout file',
    })
  }
  const { first, last } = range ?? { first: steps.at(-1)!, last: steps.at(-1)! }
  const chosen = steps.filter((step) => step >= first && step <= last)
  if (chosen.length === 0) {
    throw new UserError(`${directory}: has no rollouts of steps ${first} to ${last}`, {
      hint: `it has steps ${steps[0]} to ${steps.at(-1)}`,
    })
  }
  return chosen.map((step) => join(rollouts, `${stepName(step)}.parquet`))
}
