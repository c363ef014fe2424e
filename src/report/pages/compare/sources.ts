/** What a comparison is made of: run directories and evaluations' directories, told apart by what they hold. */
import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { UserError } from '../../../base/errors.js'
import { evalPaths } from '../../../run/evaluate/directory.js'
import type { EvalResults } from '../../../run/evaluate/results.js'
import { runPaths } from '../../../run/store/run-directory.js'
import { readResults } from '../eval/eval.js'
import { type Measurement, measurementOfRun, measurementOfStart, measurementsOfResults } from '../eval/measurements.js'
import type { NamedRun } from '../parts.js'
import { readRun } from '../run/data.js'
import { isSupervised } from '../sft.js'

export interface ComparedEvaluation {
  name: string
  directory: string
  results: EvalResults
}

export interface ComparedSources {
  runs: NamedRun[]
  evaluations: ComparedEvaluation[]
  measurements: Measurement[]
}

/**
 * Reads directories in their order; names are the directories' own, made distinct where they are not.
 * @throws UserError for a directory that is neither.
 */
export function readCompared(directories: readonly { name?: string; directory: string }[]): ComparedSources {
  const names = distinct(directories.map(({ name, directory }) => name ?? basename(resolve(directory))))
  const runs: NamedRun[] = []
  const evaluations: ComparedEvaluation[] = []
  const measurements: Measurement[] = []
  let style = 0
  directories.forEach(({ directory }, i) => {
    const name = names[i]!
    if (isEvaluation(directory)) {
      const results = readResults(directory)
      const first = style
      const models = results.models.map((model) => model.name)
      style += models.length
      evaluations.push({ name, directory, results })
      const label = (model: string) => (models.length === 1 ? name : `${name}: ${model}`)
      measurements.push(
        ...measurementsOfResults(results, (model) => ({ name: label(model), style: first + models.indexOf(model) })),
      )
    } else {
      const data = readRun(directory)
      if (isSupervised(data)) {
        throw new UserError(`${directory}: is a run of isentrope sft, without rewards or sampled problems to compare`, {
          hint: `its own page has its curves; isentrope eval --model ${directory} makes an evaluation of it, which is compared`,
        })
      }
      const run: NamedRun = { name, style: style++, data }
      runs.push(run)
      const measured = measurementOfRun(run)
      if (measured) measurements.push(measured)
    }
  })
  const start = measurementOfStart(runs, style)
  return { runs, evaluations, measurements: start ? [start, ...measurements] : measurements }
}

function isEvaluation(directory: string): boolean {
  if (!existsSync(directory)) throw new UserError(`${directory}: no such directory`)
  const { settings, results } = evalPaths(directory)
  if (existsSync(settings) || existsSync(results)) return true
  if (existsSync(runPaths(directory).metrics)) return false
  throw new UserError(`${directory}: holds neither a run (no metrics.jsonl) nor an evaluation (no results.json)`)
}

function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} (${count})`
  })
}
