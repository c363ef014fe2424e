/** A data set by its name, as distinct problems with the files that they come from. */
import { derived, sources } from './catalogue.js'
import { holdOut } from './hold-out.js'
import { type Located, type LocateOptions, locateData, type Part } from './locate.js'
import { type ColumnChoice, type Distinct, distinctProblems, readProblems } from './problems.js'

export interface DatasetOptions extends LocateOptions {
  /** `train` (default) or what the source evaluates on. A benchmark has the latter alone, a file is one part. */
  part?: Part
  /** Which columns of a file to read; default: the usual ones. */
  columns?: ColumnChoice
}

export interface Dataset extends Distinct {
  name: string
  located: Located
}

/**
 * The distinct problems of a source of the catalogue, a data file, or a hub data set (`owner/name`). In memory are the
 * distinct problems and, besides, what reading needs at a time (rows.ts).
 * @throws UserError for a name nothing answers to, a set that cannot be had, and rows without problem or answer
 */
export async function loadDataset(name: string, options: DatasetOptions = {}): Promise<Dataset> {
  const whole = Object.hasOwn(derived, name) ? derived[name] : undefined
  if (whole !== undefined) {
    const dataset = await loadDataset(whole, { ...options, part: 'train' })
    const { heldOut } = holdOut(dataset.problems, sources[whole]!.holdOut!, 0)
    return { ...dataset, name, problems: heldOut }
  }
  const benchmark = Object.hasOwn(sources, name) && sources[name]!.train === undefined
  const located = await locateData(name, benchmark ? 'eval' : (options.part ?? 'train'), options)
  const rows = readAll(
    located.files.map(({ local }) => local),
    options.columns,
  )
  return { ...(await distinctProblems(rows)), name, located }
}

async function* readAll(files: readonly string[], columns: ColumnChoice | undefined) {
  for (const file of files) yield* readProblems(file, columns)
}
