/** `compare` of the public API: runs and evaluations side by side, as data and as a page. */

import {
  type GroupDifference,
  groupDifferences,
  groupMeasurements,
  type MeasurementGroup,
} from '../eval/measurements.js'
import { type DifferingSetting, differingSettings } from './differing-settings.js'
import { comparisonNotes, writeComparisonReport } from './page.js'
import { readCompared } from './sources.js'

export interface CompareOptions {
  /** Names in place of the directories' own, in their order. */
  names?: readonly string[]
  /** File of the page; without it none is written. */
  out?: string
  /** The tokenizer's text of one token; without it the page's samples show token ids. */
  decodeToken?: (id: number) => string
}

export interface Comparison {
  /** The directories compared, by what they hold. */
  runs: { name: string; directory: string; steps: number }[]
  evaluations: { name: string; directory: string }[]
  /** Method by data set. Only members of one group were measured alike and may be compared. */
  groups: MeasurementGroup[]
  /** Every method of a group against its first, problem by problem. */
  differences: GroupDifference[]
  /** What does not match between runs or evaluations, in words. */
  notes: string[]
  /** Settings in which the runs differ, values in the order of `runs`. */
  settings: DifferingSetting[]
  report?: string
}

/**
 * Compares run directories (by their held-out evaluations) and evaluations' directories.
 * @throws UserError for a directory that holds neither.
 */
export async function compare(directories: readonly string[], options: CompareOptions = {}): Promise<Comparison> {
  const { names, out, decodeToken } = options
  const compared = directories.map((directory, i) => ({ name: names?.[i], directory }))
  const { runs, evaluations, measurements } = readCompared(compared)
  const groups = groupMeasurements(measurements)
  const title = [...runs, ...evaluations].map(({ name }) => name).join(', ')
  const report =
    out === undefined
      ? undefined
      : await writeComparisonReport(
          compared,
          out,
          { title: `Comparison: ${title}`, intro: '', notes: [] },
          { decodeToken },
        )
  return {
    runs: runs.map(({ name, data }) => ({ name, directory: data.directory, steps: data.metrics.length })),
    evaluations: evaluations.map(({ name, directory }) => ({ name, directory })),
    groups,
    differences: groupDifferences(groups),
    notes: comparisonNotes(runs, groups),
    settings: differingSettings(runs),
    report,
  }
}
