import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { type PreparedManifest, type PrepareOptions, prepareData } from '../run/data/prepare.js'
import { derived, sources } from '../task/data/catalogue.js'
import { innerCommand, newCommand, numberOption } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Examples:
  $ isentrope data list
  $ isentrope data prepare dapo-math-17k --out data/dapo
  $ isentrope help data
`

const prepareHelp = `
SOURCE is a name (\`isentrope data list\`), a file (.parquet, .jsonl, .json, .csv), or a hub data set (owner/name). Removes
duplicate problems, holds out --hold-out problems by a rule that depends only on a problem's text and the seed, and removes
their near duplicates from training. Then compares training with benchmarks by equal problems and shared 13-grams of words.

In --out:
  train.parquet   id, problem, answer
  eval.parquet    the same for the held-out problems
  overlap.jsonl   every pair that shares text
  manifest.json   source, revision, hashes, seed, rule, counts

The directory is a task: \`task: { name: ./data/dapo }\` in a recipe.

Files come from the hub into the standard cache (HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, and ISENTROPE_OFFLINE are
respected). --data-dir or ISENTROPE_DATA names a directory of local files to use first: NAME.EXT or NAME-SPLIT.EXT.

Examples:
  $ isentrope data prepare dapo-math-17k --out data/dapo
  $ isentrope data prepare gsm8k --hold-out 200 --against aime24,math500 --out data/gsm8k
  $ isentrope data prepare problems.csv --prompt question --answer result --out data/mine
  $ isentrope data prepare open-r1/OpenR1-Math-220k --config default --out data/openr1
`

interface PrepareFlags {
  out: string
  holdOut: number
  seed: number
  against?: string
  dropOverlaps?: boolean
  prompt?: string
  answer?: string
  id?: string
  config?: string
  split?: string
  revision?: string
  dataDir?: string
  json?: boolean
}

export function dataCommand(io: Io = processIo): Command {
  return newCommand('data', help).addCommand(listCommand(io)).addCommand(prepareCommand(io))
}

function listCommand(io: Io): Command {
  const examples = 'Examples:\n  $ isentrope data list\n  $ isentrope data list --json'
  return innerCommand('list', 'list the data sets with a name', examples)
    .option('--json', 'print JSON lines')
    .action(async (flags: { json?: boolean }) => {
      for (const [name, source] of Object.entries(sources)) {
        const { repository, config, train, eval: evaluation, holdOut, title } = source
        const place = `${repository}${config === undefined ? '' : `, config ${config}`}`
        if (flags.json)
          await print(io.stdout, jsonLine({ name, repository, config, train, eval: evaluation, holdOut, title }))
        else
          await print(
            io.stdout,
            `${name.padEnd(24)} ${title}\n${' '.repeat(25)}${place}${train ? '' : '; a benchmark'}\n`,
          )
      }
      for (const [name, whole] of Object.entries(derived)) {
        const title = `the ${sources[whole]!.holdOut} problems held out of ${whole} with seed 0`
        if (flags.json) await print(io.stdout, jsonLine({ name, of: whole, title }))
        else await print(io.stdout, `${name.padEnd(24)} ${title}\n`)
      }
    })
}

function prepareCommand(io: Io): Command {
  return innerCommand(
    'prepare',
    'remove duplicates, hold out problems, compare with benchmarks, and write a data set',
    prepareHelp,
    {
      resultsOnDisk: true,
    },
  )
    .argument('<source>', 'name, file, or hub data set')
    .requiredOption('-o, --out <dir>', 'output directory')
    .option('--hold-out <n>', 'number of problems to hold out', numberOption({ minimum: 0, whole: true }), 500)
    .option('--seed <n>', 'seed of the rule that chooses them', numberOption({ minimum: 0, whole: true }), 0)
    .option('--against <names>', 'data sets to compare with, separated by commas, or none (default: all benchmarks)')
    .option('--drop-overlaps', 'remove problems from training that overlap with a benchmark')
    .option('--prompt <column>', 'column of the problem; a dot reaches into a nested one (default: usual names)')
    .option('--answer <column>', 'column of the answer')
    .option('--id <column>', 'column of the id')
    .option('--config <name>', 'configuration of a hub data set')
    .option('--split <name>', 'split of a hub data set (default: train)')
    .option('--revision <revision>', 'branch, tag, or commit on the hub (default: main)')
    .option('--data-dir <dir>', 'directory with local copies of data sets (default: ISENTROPE_DATA)')
    .option('--json', 'print the manifest as one line of JSON')
    .action(async (source: string, flags: PrepareFlags) => {
      const manifest = await prepareData(source, {
        ...optionsOf(flags),
        onPhase: (phase) => void io.stderr.write(`${phase}\n`),
      })
      await print(io.stdout, flags.json ? jsonLine(manifest) : manifestText(flags.out, manifest))
    })
}

function optionsOf(flags: PrepareFlags): PrepareOptions {
  const { out, holdOut, seed, dropOverlaps, prompt, answer, id, config, split, revision, dataDir } = flags
  const against = flags.against
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (against?.includes('none') && against.length > 1) {
    throw new UserError("--against: 'none' beside other names", { hint: 'give none alone, or the names alone' })
  }
  return {
    out,
    holdOut,
    seed,
    dropOverlaps,
    columns: { prompt, answer, id },
    config,
    split,
    revision,
    ...(against && { against: against[0] === 'none' ? [] : against }),
    ...(dataDir && { dataDirectory: dataDir }),
  }
}

function manifestText(
  out: string,
  { source, counts, holdOut, overlap, notCompared, statistics }: PreparedManifest,
): string {
  const number = (value: number) => value.toLocaleString('en-US')
  const { characters } = statistics.train
  const lines = [
    `${source.name}: ${source.origin}${source.commit === undefined ? '' : `, commit ${source.commit.slice(0, 12)}`}`,
    `  ${number(counts.rows)} rows, ${number(counts.distinct)} distinct problems; ${number(counts.repeated)} rows repeat one, ` +
      `${number(counts.conflicting)} problems with contradicting answers left out`,
    `  ${number(counts.eval)} held out (seed ${holdOut.seed}), ${number(counts.nearDuplicates)} near duplicates of these left out`,
    `  ${number(counts.train)} to train on, ${characters.median} characters in the median, ${characters.max} at most; ` +
      `${(100 * statistics.train.wholeNumberAnswers).toFixed(1)} % of answers whole numbers`,
    ...overlap.map(
      ({ name, problems, exact, near, touching, dropped }) =>
        `  ${name}: of ${problems} problems ${exact} stand in training, ${near} with near duplicates, ${touching} share a ` +
        `13-gram${dropped > 0 ? `; ${dropped} training problems dropped` : ''}`,
    ),
    ...notCompared.map(({ name, reason }) => `  ${name}: not compared (${reason})`),
    out,
  ]
  return `${lines.join('\n')}\n`
}
