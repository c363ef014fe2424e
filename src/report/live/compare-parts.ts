/** The tests of `compare` for the runs of a live page: held-out figures with intervals, differences, and what keeps them apart. */
import { toMarkup } from '../html/markup.js'
import { comparisonNotes } from '../pages/compare/page.js'
import { readCompared } from '../pages/compare/sources.js'
import { groupDifferences, groupMeasurements } from '../pages/eval/measurements.js'
import { differenceIntro, differenceTable, intervalHint, paperTable } from '../pages/eval/parts.js'

export interface ComparePart {
  title: string
  intro: string
  /** As the report has it. */
  markup: string
}

export interface CompareParts {
  parts: ComparePart[]
  notes: string[]
}

/** Empty where nothing was evaluated. Runs that cannot be compared (supervised ones) say why in the notes. */
export function compareParts(runs: readonly { name: string; directory: string }[]): CompareParts {
  try {
    const { measurements } = readCompared(runs)
    const groups = groupMeasurements(measurements)
    const table = paperTable(groups)
    const tests = differenceTable(groupDifferences(groups))
    return {
      parts: [
        ...(table ? [{ title: 'Avg@K and Pass@K', intro: intervalHint(groups), markup: toMarkup(table) }] : []),
        ...(tests ? [{ title: 'Tests of the differences', intro: differenceIntro, markup: toMarkup(tests) }] : []),
      ],
      // The settings have a table of their own.
      notes: comparisonNotes([], groups),
    }
  } catch (error) {
    return { parts: [], notes: [(error as Error).message] }
  }
}
