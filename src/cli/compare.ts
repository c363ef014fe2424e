import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { loadRecipe } from '../recipe/index.js'
import { compare } from '../report/pages/compare/compare.js'
import { renderComparison } from '../report/pages/compare/page.js'
import { realDisk } from '../run/store/disk.js'
import { runPaths } from '../run/store/run-directory.js'
import { newCommand } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { tokenDecoder } from './token-decoder.js'

const help = `
RUN is a run directory (its metrics and held-out evaluations) or the directory of an evaluation (\`isentrope eval\`). Files are
skipped, so a shell pattern may match them.

Prints learning curves, final figures, a table of Avg@K and Pass@K by method and data set, and differences from the first,
problem by problem, with interval and p-value. --out writes a page with all of this, pass-rate histograms, and samples.

Figures share a table only if they were measured alike: same problems, number of samples, seed, temperature, and length
limit. Others are shown separately, and a note says what differs.

With --json, prints one line:
  {runs, evaluations, groups, differences, notes, settings, report}
  groups   [{data, label, problems, samples, members}]
  members  [{method, avg, avgInterval, pass, passInterval, histogram, solved, ...}]

Examples:
  $ isentrope compare runs/grpo runs/clip-b runs/clip-v --out compare.html
  $ isentrope compare runs/quickstart-seed-0/* --names Clip_B,Clip_V,GRPO
  $ isentrope compare evals/base evals/trained --json
`

interface CompareFlags {
  out?: string
  names?: string
  json?: boolean
}

export function compareCommand(io: Io = processIo): Command {
  return newCommand('compare', help)
    .argument('<run...>', 'directories of runs and evaluations')
    .option('-o, --out <file>', 'write an HTML page')
    .option('--names <names>', 'names of the runs, in order, separated by commas')
    .option('--json', 'print one line of JSON')
    .action(async (paths: string[], flags: CompareFlags) => {
      const directories = await directoriesOf(paths, io)
      const names = namesOf(flags, directories)
      if (flags.out !== undefined) realDisk.makeDirectory(dirname(flags.out))
      const decodeToken = flags.out === undefined ? undefined : await decoderOf(directories)
      const comparison = await compare(directories, { names, out: flags.out, decodeToken })
      const people = flags.json ? io.stderr : io.stdout
      const named = directories.map((directory, i) => ({ name: names?.[i], directory }))
      await print(people, `${renderComparison(named, people.columns ?? 80)}\n`)
      if (comparison.report !== undefined) await print(people, `\nreport      ${comparison.report}\n`)
      if (flags.json) await print(io.stdout, jsonLine(comparison))
    })
}

/** @throws UserError where none of the paths is a directory */
async function directoriesOf(paths: readonly string[], io: Io): Promise<string[]> {
  const files = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
  if (files.length === paths.length) {
    throw new UserError(`${files.join(', ')}: not a directory`, { hint: 'give directories of runs or of evaluations' })
  }
  if (files.length > 0) await print(io.stderr, `skipped, not a directory: ${files.join(', ')}\n`)
  return paths.filter((path) => !files.includes(path))
}

function namesOf({ names }: CompareFlags, directories: readonly string[]): string[] | undefined {
  const list = names?.split(',').map((name) => name.trim())
  if (list === undefined || (list.length === directories.length && !list.includes(''))) return list
  throw new UserError(`--names has ${list.length} names for ${directories.length} directories`)
}

/** The tokens' text, where all runs have one model and it is still there; else the page shows token ids. */
async function decoderOf(directories: readonly string[]): Promise<((id: number) => string) | undefined> {
  const configs = directories.map((directory) => runPaths(directory).config).filter((config) => existsSync(config))
  try {
    const models = new Set(configs.map((config) => loadRecipe(config).model))
    return models.size === 1 ? await tokenDecoder([...models][0]!) : undefined
  } catch {
    return undefined
  }
}
